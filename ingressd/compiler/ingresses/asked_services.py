"""Services that URLs of annotations name.

In a cluster DNS finds them. Where all that is known comes from files there is none that could, so
that workers have to know their endpoints.
"""

from __future__ import annotations

from collections.abc import Iterator

from ingressd.compiler.annotations.verdict import annotation_field
from ingressd.compiler.ingresses.claims import Reference
from ingressd.routing.policy import Policy
from ingressd.routing.service_names import service_in


def asked_services(policy: Policy, prefix: str) -> Iterator[Reference]:
    """Those of ``auth-url`` (or ``global-auth-url``) and ``mirror-target``."""
    auth, mirror = policy.external_auth, policy.mirror
    if auth is not None:
        lost = "requests that it is asked about get 500, unless DNS knows its name"
        yield from _named(auth.url, f"{prefix}/auth-url", lost)
    if mirror is not None:
        lost = "copies of requests are lost, unless DNS knows its name"
        yield from _named(mirror.url, f"{prefix}/mirror-target", lost)


def _named(url: str, annotation: str, otherwise: str) -> Iterator[Reference]:
    backend = service_in(url)
    if backend is not None:
        yield Reference(annotation_field(annotation), backend, otherwise=otherwise)
