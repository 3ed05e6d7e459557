"""Browsers are told to come by https only (RFC 6797; ingress-nginx ``hsts``)."""

from __future__ import annotations

from ingressd.proxy.client.request import Request
from ingressd.proxy.environment import Environment
from ingressd.proxy.headers import line, without
from ingressd.routing.global_policy import StrictTransport
from ingressd.routing.model import Route

_NAME = b"Strict-Transport-Security"
_REPLACED = frozenset({_NAME.lower()})


def strict_transport(route: Route, environment: Environment) -> StrictTransportEdit | None:
    """For all routes, unless the global policy says nothing of it."""
    said = environment.current.table.global_policy.strict_transport
    return StrictTransportEdit(said) if said is not None else None


class StrictTransportEdit:
    """Say so in each answer; it replaces what the pod says.

    As in ingress-nginx, it is not asked where a name has no TLS of its own: its certificate is not
    one to insist on.
    """

    is_fixed = True

    def __init__(self, said: StrictTransport) -> None:
        self._line = line(_NAME, _value(said))

    def __call__(self, request: Request, status: int, lines: list[bytes]) -> list[bytes]:
        """The lines with the field."""
        return [*without(lines, _REPLACED), self._line]


def _value(said: StrictTransport) -> bytes:
    parts = [f"max-age={said.max_age}"]
    if said.include_subdomains:
        parts.append("includeSubDomains")
    if said.preload:
        parts.append("preload")
    return "; ".join(parts).encode()
