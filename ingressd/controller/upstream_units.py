"""The compiled upstreams, each one Service port that something refers to."""

from __future__ import annotations

from collections.abc import Iterable, Set, ValuesView

from ingressd.compiler.hosts.shared_settings import UNGOVERNED, Governed, govern_upstream
from ingressd.compiler.ingresses.claims import CompiledIngress
from ingressd.compiler.services.upstream import CompiledUpstream, compile_upstream
from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.guard import Guard
from ingressd.controller.index import Index
from ingressd.controller.store import ObjectStore
from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.model import Upstream, parse_upstream_key


class UpstreamUnits:
    """Owner of the compiled upstreams, and of whose settings hold for each where any do."""

    def __init__(self, settings: CompilerSettings, guard: Guard) -> None:
        self._settings = settings
        self._guard = guard
        self._compiled: dict[str, CompiledUpstream] = {}
        self._governed: dict[str, Governed] = {}
        self._services: Index[str, str] = Index()

    def of_service(self, name: str) -> Set[str]:
        """Keys of the upstreams that stand for ports of the Service ``namespace/name``."""
        return self._services.sources(name)

    def published(self, key: str) -> Upstream | None:
        """What a worker needs to know of it, while something refers to it."""
        compiled = self._compiled.get(key)
        return compiled.upstream if compiled is not None else None

    def find(self, key: str) -> CompiledUpstream | None:
        """The upstream as compiled."""
        return self._compiled.get(key)

    @property
    def all(self) -> ValuesView[CompiledUpstream]:
        """Every upstream that something refers to."""
        return self._compiled.values()

    @property
    def faulty(self) -> Iterable[tuple[str, CompiledUpstream]]:
        """Those with something to tell."""
        return (
            (key, compiled)
            for key, compiled in self._compiled.items()
            if compiled.problem is not None or compiled.findings
        )

    def findings_of(self, key: str) -> tuple[Finding, ...]:
        """What Ingresses lose to one another over one upstream."""
        return self._governed.get(key, UNGOVERNED).findings

    @property
    def findings(self) -> list[Finding]:
        """What Ingresses lose to one another."""
        return [told for governed in self._governed.values() for told in governed.findings]

    def govern(self, key: str, ingresses: Iterable[CompiledIngress]) -> None:
        """Find out (again) whose settings hold for an upstream."""
        governed = self._guard.attempt(_unit(key), lambda: govern_upstream(key, ingresses))
        if governed == UNGOVERNED:
            self._governed.pop(key, None)
        elif governed is not None:
            self._governed[key] = governed

    def compile(self, key: str, store: ObjectStore) -> None:
        """Compile an upstream (again)."""
        backend = parse_upstream_key(key)
        service = f"{backend.namespace}/{backend.service}"
        self._services.put(key, (service,))
        policy = self._governed.get(key, UNGOVERNED).policy
        compiled = self._guard.attempt(
            _unit(key),
            lambda: compile_upstream(
                backend, store.service_objects(service), self._settings, policy
            ),
        )
        if compiled is not None:
            self._compiled[key] = compiled

    def forget(self, key: str) -> None:
        """Nothing refers to it any more."""
        self._guard.forget(_unit(key))
        self._compiled.pop(key, None)
        self._governed.pop(key, None)
        self._services.put(key, ())


def _unit(key: str) -> ObjectKey:
    return ObjectKey("Upstream", "", key)
