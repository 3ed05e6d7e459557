"""The compiled hosts."""

from __future__ import annotations

from collections.abc import Iterable

from ingressd.compiler.claims import Claim
from ingressd.compiler.host import CompiledHost, compile_host
from ingressd.controller.guard import Guard
from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.model import Backend, Host


class HostUnits:
    """Owner of the compiled hosts."""

    def __init__(self, guard: Guard, default_backend: Backend | None) -> None:
        self._guard = guard
        self._default_backend = default_backend
        self._compiled: dict[str, CompiledHost] = {}

    @property
    def findings(self) -> list[Finding]:
        """What Ingresses lose to one another."""
        return [told for compiled in self._compiled.values() for told in compiled.findings]

    def findings_of(self, name: str) -> tuple[Finding, ...]:
        """What Ingresses lose to one another on one host."""
        compiled = self._compiled.get(name)
        return compiled.findings if compiled is not None else ()

    def find(self, name: str) -> Host | None:
        """The host, where there is something to serve."""
        compiled = self._compiled.get(name)
        return compiled.host if compiled is not None else None

    def compile(self, name: str, claims: Iterable[Claim]) -> None:
        """Merge the claims on a host (again); without any, the host goes.

        The catch-all stays as long as there is a default backend.
        """
        default = self._default_backend
        claims = list(claims)
        compiled = self._guard.attempt(
            ObjectKey("Host", "", name),
            lambda: compile_host(name, claims, default if claims or not name else None),
        )
        if compiled is None:
            return
        if compiled.host is None:
            self._compiled.pop(name, None)
        else:
            self._compiled[name] = compiled
