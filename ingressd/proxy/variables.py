"""What nginx's variables stand for in a request (see :mod:`ingressd.routing.variables`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import quote

from ingressd.proxy.client.request import Request
from ingressd.proxy.headers import sent_cookie
from ingressd.proxy.passwords.credentials import read_credentials
from ingressd.routing.model import Route
from ingressd.routing.patterns import Groups
from ingressd.routing.variables import Lookup


def lookup_in(request: Request, route: Route, groups: Groups | None = None) -> Lookup:
    """A lookup of variables in one request of a route; ``groups`` are those of its expression."""

    def lookup(name: str) -> str:
        if name.isdigit():
            return "" if groups is None else groups[int(name)]
        of_request = _OF_REQUEST.get(name)
        if of_request is not None:
            return of_request(request)
        of_route = _OF_ROUTE.get(name)
        if of_route is not None:
            return of_route(route)
        prefix, _, rest = name.partition("_")
        return _BY_PREFIX[prefix](request, rest)

    return lookup


_ORIGIN = re.compile(r"https?://[^/?#]*", re.IGNORECASE)


def asked_target(request: Request) -> str:
    """Path and query as the client wrote them, whatever has been rewritten since."""
    target: str = request.message.path
    if target.startswith("/"):
        return target
    target = _ORIGIN.sub("", target, count=1)
    return target if target.startswith("/") else f"/{target}"


def _text(value: bytes) -> str:
    """As paths and queries are decoded, so that nothing is lost."""
    return value.decode("utf-8", "surrogateescape")


def _escaped_target(request: Request) -> str:
    return quote(asked_target(request).encode("utf-8", "surrogateescape"), safe="")


def _user(request: Request) -> str:
    """Who the client says it is, whether or not its password has been looked at."""
    credentials = read_credentials(request.message.raw_headers)
    return "" if credentials is None else _text(credentials.user)


_OF_REQUEST: Mapping[str, Callable[[Request], str]] = MappingProxyType(
    {
        "args": lambda request: request.query,
        "best_http_host": lambda request: _text(request.visitor.authority or request.authority),
        "escaped_request_uri": _escaped_target,
        "host": lambda request: request.host,
        "http_host": lambda request: _text(request.authority),
        "is_args": lambda request: "?" if request.query else "",
        "pass_access_scheme": lambda request: request.scheme,
        "query_string": lambda request: request.query,
        "remote_addr": lambda request: request.remote,
        "remote_user": _user,
        "req_id": lambda request: _text(request.request_id),
        "request_method": lambda request: request.method,
        "request_uri": asked_target,
        "scheme": lambda request: request.client.scheme,
        "uri": lambda request: request.path,
    }
)

_OF_ROUTE: Mapping[str, Callable[[Route], str]] = MappingProxyType(
    {
        "namespace": lambda route: route.ingress.partition("/")[0],
        "ingress_name": lambda route: route.ingress.partition("/")[2],
        "service_name": lambda route: route.backend.service if route.backend else "",
        "service_port": lambda route: route.backend.port if route.backend else "",
    }
)


def _argument(request: Request, name: str) -> str:
    pairs = (pair.partition("=") for pair in request.query.split("&"))
    return next((value for key, _, value in pairs if key.lower() == name.lower()), "")


def _cookie(request: Request, name: str) -> str:
    return _text(sent_cookie(request.message.raw_headers, name.encode()) or b"")


def _header(request: Request, name: str) -> str:
    """The field, its values joined with ", " as nginx does where it came more than once."""
    wanted = name.lower().replace("_", "-").encode()
    values = [value for key, value in request.message.raw_headers if key.lower() == wanted]
    return _text(b", ".join(values))


_BY_PREFIX: Mapping[str, Callable[[Request, str], str]] = MappingProxyType(
    {"arg": _argument, "cookie": _cookie, "http": _header}
)
