"""The names by which DNS of a cluster knows Services (Kubernetes DNS-Based Service Discovery)."""

from __future__ import annotations

import re

from ingressd.routing.model import Backend

_LABEL = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"({_LABEL})\.({_LABEL})\.svc(?:\.cluster\.local)?\.?", re.IGNORECASE)
_ORIGIN = re.compile(r"(https?)://([^/?#$:@]+)(?::([0-9]{1,5}))?(?:[/?#$].*)?", re.DOTALL)
_USUAL_PORTS = {"http": 80, "https": 443}


def service_at(host: str, port: int) -> Backend | None:
    """The Service port that a name in a cluster means, such as auth.default.svc.cluster.local; None
    for any other name."""
    found = _NAME.fullmatch(host)
    if found is None:
        return None
    service, namespace = found.groups()
    return Backend(namespace.lower(), service.lower(), str(port))


def service_in(url: str) -> Backend | None:
    """The same of a URL whose host and port are written out, whatever variables follow."""
    found = _ORIGIN.fullmatch(url)
    if found is None:
        return None
    scheme, host, port = found.groups()
    return service_at(host, int(port) if port else _USUAL_PORTS[scheme])
