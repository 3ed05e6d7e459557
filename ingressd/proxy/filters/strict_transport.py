"""Browsers are told to come by https only (RFC 6797; ingress-nginx ``hsts``)."""

from __future__ import annotations

from ingressd.proxy.client.request import Request
from ingressd.proxy.current_table import CurrentTable
from ingressd.proxy.environment import Environment
from ingressd.proxy.headers import line, without
from ingressd.routing.global_policy import StrictTransport
from ingressd.routing.model import Route

_NAME = b"Strict-Transport-Security"
_REPLACED = frozenset({_NAME.lower()})


def strict_transport(route: Route, environment: Environment) -> StrictTransportEdit | None:
    """For all routes, unless the global policy says nothing of it."""
    said = environment.current.table.global_policy.strict_transport
    return StrictTransportEdit(said, environment.current) if said is not None else None


class StrictTransportEdit:
    """Say so in each answer over TLS for a name that has TLS; it replaces what the pod says.

    As in ingress-nginx, a name without TLS of its own promises nothing: its certificate is not one
    to insist on. Pods give the same head time after time, so that the last one is remembered.
    """

    __slots__ = ("_current", "_edited", "_line", "_seen")

    def __init__(self, said: StrictTransport, current: CurrentTable) -> None:
        self._current = current
        self._line = line(_NAME, _value(said))
        self._seen: list[bytes] = []
        self._edited: list[bytes] = []

    def __call__(self, request: Request, status: int, lines: list[bytes]) -> list[bytes]:
        """The lines with the field."""
        if not self._current.has_tls(request.host):
            return lines
        if lines is not self._seen:
            self._seen, self._edited = lines, [*without(lines, _REPLACED), self._line]
        return self._edited


def _value(said: StrictTransport) -> bytes:
    parts = [f"max-age={said.max_age}"]
    if said.include_subdomains:
        parts.append("includeSubDomains")
    if said.preload:
        parts.append("preload")
    return "; ".join(parts).encode()
