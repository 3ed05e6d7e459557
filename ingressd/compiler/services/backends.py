"""The backend that a field of an Ingress names."""

from __future__ import annotations

import re

from ingressd.compiler.codes import Code, problem
from ingressd.compiler.services.ports import MAX_PORT, is_port
from ingressd.resources.ingress import IngressBackend, ServiceBackendPort
from ingressd.resources.shape import Problem
from ingressd.routing.model import Backend

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")  # RFC 1123, for Services and their ports


_PASSED_OVER = (
    "as in ingress-nginx, requests fare as if this were not written: another rule takes them, or "
    "they get 404"
)


def serviceless(backend: IngressBackend, field: str) -> Problem | None:
    """What is told of a backend without a Service, which is passed over (``resource``, or none)."""
    if backend.service is not None:
        return None
    if backend.resource is None:
        return problem(
            Code.BACKEND_INVALID, field, f"it names no Service; {_PASSED_OVER}", "name a Service"
        )
    return problem(
        Code.BACKEND_RESOURCE_UNSUPPORTED,
        f"{field}.resource",
        f"{backend.resource.kind} {backend.resource.name} is not a Service; {_PASSED_OVER}",
        "name a Service",
    )


def read_backend(backend: IngressBackend, namespace: str, field: str) -> Backend | Problem:
    """The Service port behind ``field``, or why there is none (Kubernetes ``IngressBackend``)."""
    service = backend.service
    if service is None or not service.name:
        return problem(
            Code.BACKEND_INVALID, field, "it names no Service; requests get 503", "name a Service"
        )
    if not _LABEL.fullmatch(service.name):
        return problem(
            Code.BACKEND_INVALID,
            f"{field}.service.name",
            f"{service.name[:80]!r} is not a name that a Service can have; requests get 503",
            "write its name alone, without namespace and port",
        )
    reason = _port_fault(service.port)
    if reason:
        return problem(
            Code.BACKEND_INVALID,
            f"{field}.service.port",
            f"{reason}; requests get 503",
            f"set either the name or the number (1 to {MAX_PORT})",
        )
    return Backend(namespace, service.name, str(service.port))


def parse_service(text: str, port: str = "") -> Backend | None:
    """The backend for a flag's ``namespace/name``; None for an empty flag."""
    namespace, _, name = text.partition("/")
    return Backend(namespace, name, port) if name else None


def _port_fault(port: ServiceBackendPort) -> str:
    if port.name and port.number:
        return f"it has both a name ({port.name}) and a number ({port.number})"
    if not port.name and not port.number:
        return "it has neither a name nor a number"
    if port.name and not _LABEL.fullmatch(port.name):
        return f"{port.name[:80]!r} is not a name that a port can have"
    if not port.name and not is_port(port.number):
        return f"{port.number} is not a port number"
    return ""
