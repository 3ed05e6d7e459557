"""The fields that tell a default backend why it is asked, with the names of ingress-nginx."""

from __future__ import annotations

from ingressd.proxy.client.request import Request
from ingressd.proxy.headers import line, without_alike
from ingressd.proxy.variables import asked_target
from ingressd.routing.model import Route

_NAMES = frozenset(
    {
        b"x-code",
        b"x-format",
        b"x-ingress-name",
        b"x-namespace",
        b"x-original-uri",
        b"x-service-name",
        b"x-service-port",
    }
)


class ErrorFields:
    """Those of one route. Beside them, every request carries X-Request-ID."""

    __slots__ = ("_of_route",)

    def __init__(self, route: Route) -> None:
        namespace, _, ingress = route.ingress.partition("/")
        backend = route.backend
        service, port = (backend.service, backend.port) if backend is not None else ("", "")
        fields = {
            b"X-Namespace": namespace,
            b"X-Ingress-Name": ingress,
            b"X-Service-Name": service,
            b"X-Service-Port": port,
        }
        self._of_route = tuple(line(name, text.encode()) for name, text in fields.items() if text)

    def put(self, request: Request, status: int) -> list[bytes]:
        """The field lines of a request with these for ``status``; a client cannot set them."""
        target = asked_target(request).encode("utf-8", "surrogateescape")
        accepted = [
            value for name, value in request.message.raw_headers if name.lower() == b"accept"
        ]
        return [
            *without_alike(request.lines, _NAMES),
            line(b"X-Code", b"%d" % status),
            *((line(b"X-Format", b", ".join(accepted)),) if accepted else ()),
            line(b"X-Original-URI", target),
            *self._of_route,
        ]
