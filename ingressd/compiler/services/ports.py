"""Which port of a Service a backend means, and which port of its endpoints that is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ingressd.resources.endpoints import EndpointPort
from ingressd.resources.service import Service, ServicePort

_TCP = "TCP"
MAX_PORT = 65535


def find_service_port(service: Service, port: str) -> ServicePort | None:
    """The TCP port with this number or name, else with this targetPort (as ingress-nginx takes it
    too); "" is the first one."""
    usable = [p for p in service.spec.ports if is_tcp(p.protocol)]
    if not port:
        return usable[0] if usable else None
    for candidate in usable:
        if port in (candidate.name, str(candidate.port)):
            return candidate
    return next((p for p in usable if port == str(p.target_port)), None)


def find_endpoint_port(wanted: ServicePort, ports: Sequence[EndpointPort]) -> int | None:
    """The number behind a Service port in one slice or subset, or None where it is not there.

    They are matched by name. An unnamed Service port takes an only port whatever its name, and
    where the slice lists no port at all, a numeric targetPort counts.
    """
    usable = [p for p in ports if is_tcp(p.protocol) and p.port and is_port(p.port)]
    for candidate in usable:
        if (candidate.name or "") == wanted.name:
            return candidate.port
    if not wanted.name and len(usable) == 1:
        return usable[0].port
    if not ports:
        return wanted.target_port if isinstance(wanted.target_port, int) else None
    return None


def is_port(number: int) -> bool:
    """Whether TCP has such a port."""
    return 0 < number <= MAX_PORT


def is_tcp(protocol: str | None) -> bool:
    """Whether a port can be spoken to with HTTP/1.1; TCP is the default."""
    return (protocol or _TCP) == _TCP


def listed(ports: Iterable[ServicePort]) -> str:
    """Ports as messages name them: ``http (80), admin (8080)``."""
    return ", ".join(_shown(port) for port in ports)


def _shown(port: ServicePort) -> str:
    number = str(port.port) if is_tcp(port.protocol) else f"{port.port}/{port.protocol}"
    return f"{port.name} ({number})" if port.name else number
