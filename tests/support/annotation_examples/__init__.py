"""For each annotation that is read: texts and what they make of an Ingress without annotations.

One module for a subject, as in ``ingressd/compiler/annotations/rows``. EXAMPLES are name -> list of
(text, directives), INVALID are texts that are refused. A row that requires or needs another one
finds the value of REQUIRED for that beside it, and what it names among OBJECTS.
"""

from __future__ import annotations

from collections import ChainMap

from ingressd.compiler.annotations.row import Directives
from ingressd.resources.metadata import ObjectKey, Resource
from support.annotation_examples import (
    access,
    affinity,
    backends,
    balancing,
    bandwidth,
    basic_auth,
    bodies,
    canary,
    client_tls,
    cors,
    errors,
    external_auth,
    headers,
    mirroring,
    paths,
    rate_limits,
    redirects,
    retries,
    timeouts,
    upstream_tls,
)

_SUBJECTS = (
    access,
    affinity,
    backends,
    balancing,
    bandwidth,
    basic_auth,
    bodies,
    canary,
    client_tls,
    cors,
    errors,
    external_auth,
    mirroring,
    headers,
    paths,
    rate_limits,
    redirects,
    retries,
    timeouts,
    upstream_tls,
)

EXAMPLES: ChainMap[str, list[tuple[str, Directives]]] = ChainMap(
    *(subject.EXAMPLES for subject in _SUBJECTS)
)
INVALID: list[tuple[str, str]] = [pair for subject in _SUBJECTS for pair in subject.INVALID]
REQUIRED = {
    "affinity": "cookie",
    "auth-secret": "users",
    "auth-tls-secret": client_tls.NAME,
    "auth-type": "basic",
    "auth-url": external_auth.URL,
    **canary.REQUIRED,
    "enable-cors": "true",
    "mirror-target": mirroring.TARGET,
    "permanent-redirect": "/",
    "proxy-redirect-from": headers.START,
    "proxy-redirect-to": headers.INSTEAD,
    "rewrite-target": headers.REWRITTEN,
    "proxy-ssl-secret": "pods",
    "temporal-redirect": "http://b.test",
    "upstream-hash-by": balancing.KEY,
    "upstream-hash-by-subset": "true",
}
OBJECTS: dict[ObjectKey, Resource] = {
    each.key: each
    for each in (
        basic_auth.USERS,
        client_tls.CLIENT_CA,
        external_auth.HEADERS,
        headers.FIELDS,
        upstream_tls.POD_CA,
    )
}
