"""Cross-origin requests: preflights are answered here, and every answer says who may use it."""

from __future__ import annotations

from collections.abc import Iterator

from ingressd.proxy.client.answer import Answer
from ingressd.proxy.client.request import Request
from ingressd.proxy.environment import Environment
from ingressd.proxy.headers import line, without
from ingressd.routing.deciding.cors import PREFLIGHT_STATUS, origin_check
from ingressd.routing.model import Route
from ingressd.routing.patterns import Groups
from ingressd.routing.policy import ANY_ORIGIN, Cors

_ALLOW_ORIGIN = b"Access-Control-Allow-Origin"
_PREFLIGHT = Answer(PREFLIGHT_STATUS, b"", b"")
"""What it says of origins and methods is written by the edit, as in every answer."""


def cors_preflight(route: Route, environment: Environment) -> CorsPreflightFilter | None:
    """For a policy that lets any origin in."""
    cors = route.policy.cors
    return CorsPreflightFilter(cors) if cors is not None and cors.origins else None


def cors_fields(route: Route, environment: Environment) -> CorsEdit | None:
    """For a policy that lets any origin in."""
    cors = route.policy.cors
    return CorsEdit(cors) if cors is not None and cors.origins else None


class CorsPreflightFilter:
    """Answer OPTIONS of an origin that is let in (ingress-nginx ``enable-cors``); that of others is
    a request like any other."""

    def __init__(self, cors: Cors) -> None:
        self._admits = origin_check(cors)

    def __call__(self, request: Request, groups: Groups | None) -> Answer | None:
        """The answer, or None for a request that goes on."""
        if request.method == "OPTIONS" and self._admits(origin_of(request)):
            return _PREFLIGHT
        return None


class CorsEdit:
    """Set the Access-Control fields of each answer to an origin that is let in.

    They replace those that the pod sent. Where the answer depends on the origin, caches are told.
    """

    is_fixed = False

    def __init__(self, cors: Cors) -> None:
        self._admits = origin_check(cors)
        self._is_open = cors.origins == (ANY_ORIGIN,)
        fields = dict(_fields(cors))
        self._lines = tuple(line(name, value) for name, value in fields.items())
        self._replaced = frozenset(name.lower() for name in (_ALLOW_ORIGIN, *fields))

    def __call__(self, request: Request, status: int, lines: list[bytes]) -> list[bytes]:
        """The lines with these fields."""
        origin = origin_of(request)
        if self._admits(origin):
            allowed = b"*" if self._is_open else origin
            lines = without(lines, self._replaced)
            lines += (line(_ALLOW_ORIGIN, allowed), *self._lines)
        return lines if self._is_open or _varies(lines) else [*lines, b"Vary: Origin\r\n"]


def origin_of(request: Request) -> bytes:
    """The Origin of a request, b"" where it has none or several."""
    origins = [value for name, value in request.message.raw_headers if name.lower() == b"origin"]
    return origins[0] if len(origins) == 1 else b""


def _fields(cors: Cors) -> Iterator[tuple[bytes, bytes]]:
    """All fields but the first, which depends on the request."""
    if cors.credentials:
        yield b"Access-Control-Allow-Credentials", b"true"
    yield b"Access-Control-Allow-Methods", cors.methods.encode()
    yield b"Access-Control-Allow-Headers", cors.headers.encode()
    if cors.expose_headers:
        yield b"Access-Control-Expose-Headers", cors.expose_headers.encode()
    yield b"Access-Control-Max-Age", b"%d" % cors.max_age


def _varies(lines: list[bytes]) -> bool:
    """Whether caches are told already that the answer depends on the origin."""
    return any(
        member.strip().lower() in (b"origin", b"*")
        for entry in lines
        if entry[:5].lower() == b"vary:"
        for member in entry[5:].split(b",")
    )
