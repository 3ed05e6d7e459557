"""The compiled hosts."""

from __future__ import annotations

from collections.abc import Iterable

from ingressd.compiler.hosts.aliases import Alias, CompiledAlias, compile_alias
from ingressd.compiler.hosts.host import CompiledHost, compile_host
from ingressd.compiler.hosts.unmatched import DefaultBackend, Unmatched
from ingressd.compiler.ingresses.claims import CanaryClaim, Claim
from ingressd.compiler.settings import Compat
from ingressd.controller.guard import Guard
from ingressd.controller.index import Index
from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.model import Backend, Host
from ingressd.routing.policy import DEFAULT_POLICY


class HostUnits:
    """Owner of the compiled hosts, and of the aliases that they have: each is a host of its own,
    unless an Ingress has a rule for the name. ``is_closed``: default backends answer 503.
    ``unmatched`` is the policy of paths that no route takes, unless an Ingress has another one."""

    def __init__(self, guard: Guard, default_backend: Backend | None, compat: Compat) -> None:
        self._guard = guard
        self._compat = compat
        self._default_backend = default_backend
        self.is_closed = False
        self.unmatched = DEFAULT_POLICY
        self._compiled: dict[str, CompiledHost] = {}
        self._derived: dict[str, CompiledAlias] = {}
        self._aliases: Index[str, str] = Index()

    @property
    def findings(self) -> list[Finding]:
        """What Ingresses lose to one another."""
        told = [found for compiled in self._compiled.values() for found in compiled.findings]
        return told + [found for derived in self._derived.values() for found in derived.findings]

    @property
    def names(self) -> frozenset[str]:
        """Every host that is compiled, but aliases."""
        return frozenset(self._compiled)

    def findings_of(self, name: str) -> tuple[Finding, ...]:
        """What Ingresses lose to one another on one host."""
        units = (self._compiled.get(name), self._derived.get(name))
        return tuple(told for unit in units if unit is not None for told in unit.findings)

    def find(self, name: str) -> Host | None:
        """The host, where there is something to serve."""
        units = (self._compiled.get(name), self._derived.get(name))
        return next((unit.host for unit in units if unit is not None and unit.host), None)

    def is_alias(self, name: str) -> bool:
        """Whether it is, or was until now, another name of a host."""
        return name in self._derived or bool(self._aliases.sources(name))

    def with_aliases(self, names: Iterable[str]) -> set[str]:
        """These hosts, and all names that they would have beside their own."""
        hosts = set(names)
        return hosts.union(*map(self._aliases.targets, hosts))

    def with_originals(self, names: Iterable[str]) -> set[str]:
        """These hosts, and those that would have one of them as an alias."""
        hosts = set(names)
        return hosts.union(*map(self._aliases.sources, hosts))

    def compile(
        self, name: str, claims: Iterable[Claim], canaries: Iterable[CanaryClaim] = ()
    ) -> frozenset[str]:
        """Merge the claims on a host (again), and what canaries want of it; without any, it goes.

        The catch-all stays as long as there is a default backend. Returns the aliases that it had
        and has, which must be derived again.
        """
        claims = list(claims)
        unmatched = Unmatched(self.unmatched, self._default if claims or not name else None)
        compiled = self._guard.attempt(
            ObjectKey("Host", "", name),
            lambda: compile_host(name, claims, unmatched, canaries, self._compat),
        )
        before = self._aliases.targets(name)
        if compiled is None:
            return before
        if compiled.host is None and not compiled.findings:
            self._compiled.pop(name, None)
        else:
            self._compiled[name] = compiled
        self._aliases.put(name, (alias.name for alias in compiled.aliases))
        return before | self._aliases.targets(name)

    def derive(self, name: str, claims: Iterable[Claim], *, has_certificate: bool) -> None:
        """Make (again) what an alias is, after its host; if nothing has it any more, it goes.
        ``claims`` are those on the name itself."""
        wanted = [alias for host in self._aliases.sources(name) for alias in self._wanted(host)]
        wanted = [alias for alias in wanted if alias.name == name]
        unit = ObjectKey("Alias", "", name)
        if not wanted:
            self._guard.forget(unit)
            self._derived.pop(name, None)
            return
        owner = min(claims, key=lambda claim: claim.age, default=None)
        derived = self._guard.attempt(
            unit,
            lambda: compile_alias(wanted, owner, self._original, has_certificate=has_certificate),
        )
        if derived is not None:
            self._derived[name] = derived

    @property
    def _default(self) -> DefaultBackend | None:
        backend = self._default_backend
        return DefaultBackend(None if self.is_closed else backend) if backend else None

    def _wanted(self, host: str) -> tuple[Alias, ...]:
        compiled = self._compiled.get(host)
        return compiled.aliases if compiled is not None else ()

    def _original(self, name: str) -> Host | None:
        compiled = self._compiled.get(name)
        return compiled.host if compiled is not None else None
