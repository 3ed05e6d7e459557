"""The compiled Ingresses, and what they refer to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set, ValuesView

from msgspec import Struct, field

from ingressd.compiler.claims import Claim, CompiledIngress, Reference
from ingressd.compiler.ingress import compile_ingress
from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.guard import Guard
from ingressd.controller.index import Index
from ingressd.controller.store import ObjectStore
from ingressd.resources.ingress import Ingress
from ingressd.resources.metadata import ObjectKey


class Touched(Struct):
    """What a change of some Ingresses reaches: hosts, upstreams by key, Secrets by name."""

    hosts: set[str] = field(default_factory=set)
    upstreams: set[str] = field(default_factory=set)
    secrets: set[str] = field(default_factory=set)


class IngressUnits:
    """Owner of the compiled Ingresses."""

    def __init__(self, settings: CompilerSettings, guard: Guard) -> None:
        self._settings = settings
        self._guard = guard
        self._compiled: dict[ObjectKey, CompiledIngress] = {}
        self._hosts: Index[ObjectKey, str] = Index()
        self._upstreams: Index[ObjectKey, str] = Index()
        self._secrets: Index[ObjectKey, str] = Index()

    @property
    def all(self) -> ValuesView[CompiledIngress]:
        """Every Ingress, ours or not."""
        return self._compiled.values()

    @property
    def keys(self) -> Set[ObjectKey]:
        """Every Ingress, ours or not."""
        return self._compiled.keys()

    def find(self, key: ObjectKey) -> CompiledIngress | None:
        """The Ingress as compiled."""
        return self._compiled.get(key)

    def refresh(self, keys: Iterable[ObjectKey], store: ObjectStore) -> Touched:
        """Compile these Ingresses again, or forget them."""
        touched = Touched()
        for key in keys:
            ingress = store.find(key, Ingress)
            if ingress is None:
                self._forget(key, touched)
            else:
                self._compile(key, ingress, store, touched)
        return touched

    def with_host(self, host: str) -> Set[ObjectKey]:
        """Keys of the Ingresses that have a say in a host."""
        return self._hosts.sources(host)

    def with_upstream(self, upstream: str) -> Set[ObjectKey]:
        """Keys of the Ingresses that refer to an upstream."""
        return self._upstreams.sources(upstream)

    def of_host(self, host: str) -> list[CompiledIngress]:
        """The Ingresses that have a say in a host, in no order."""
        return [self._compiled[key] for key in self._hosts.sources(host)]

    def claims(self, host: str) -> list[Claim]:
        """What Ingresses want of a host, in no order."""
        return [ingress.claims[host] for ingress in self.of_host(host) if host in ingress.claims]

    def needs_upstream(self, key: str) -> bool:
        """Whether any Ingress refers to an upstream."""
        return bool(self._upstreams.sources(key))

    def needs_secret(self, name: str) -> bool:
        """Whether any Ingress names a Secret in ``spec.tls``."""
        return bool(self._secrets.sources(name))

    def hosts_of_secret(self, name: str) -> set[str]:
        """The hosts of every Ingress that names a Secret."""
        return {host for key in self._secrets.sources(name) for host in self._hosts.targets(key)}

    def references(self, upstream: str) -> Iterator[tuple[ObjectKey, Reference]]:
        """Every field that refers to an upstream."""
        for key in self._upstreams.sources(upstream):
            for reference in self._compiled[key].references:
                if reference.backend.upstream == upstream:
                    yield key, reference

    def _compile(
        self, key: ObjectKey, ingress: Ingress, store: ObjectStore, touched: Touched
    ) -> None:
        compiled = self._guard.attempt(
            key, lambda: compile_ingress(ingress, store.classes, self._settings)
        )
        if compiled is None or compiled == self._compiled.get(key):
            return
        self._compiled[key] = compiled
        self._link(key, compiled, touched)

    def _link(self, key: ObjectKey, compiled: CompiledIngress, touched: Touched) -> None:
        hosts = compiled.host_names()
        touched.hosts |= hosts | self._hosts.put(key, hosts)
        touched.upstreams |= self._upstreams.put(
            key, {reference.backend.upstream for reference in compiled.references}
        )
        touched.secrets |= self._secrets.put(key, compiled.secrets())

    def _forget(self, key: ObjectKey, touched: Touched) -> None:
        self._guard.forget(key)
        self._compiled.pop(key, None)
        touched.hosts |= self._hosts.put(key, ())
        touched.upstreams |= self._upstreams.put(key, ())
        touched.secrets |= self._secrets.put(key, ())
