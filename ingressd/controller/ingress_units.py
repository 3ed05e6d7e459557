"""The compiled Ingresses, and what they refer to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set, ValuesView
from itertools import chain, islice

from msgspec import Struct, field

from ingressd.compiler.annotations.referent import WantedSecret
from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.hosts.shared_settings import sets_upstream
from ingressd.compiler.ingresses.claims import CanaryClaim, Claim, CompiledIngress, Reference
from ingressd.compiler.ingresses.ingress import compile_ingress
from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.guard import Guard
from ingressd.controller.index import Index
from ingressd.controller.store import Dirty, ObjectStore
from ingressd.resources.ingress import Ingress
from ingressd.resources.metadata import ObjectKey, Resource
from ingressd.resources.secret import ConfigMap, Secret


class Touched(Struct):
    """What a change of some Ingresses reaches: hosts, upstreams by key, Secrets by name.
    ``materials`` are the Secrets that their annotations name."""

    hosts: set[str] = field(default_factory=set)
    upstreams: set[str] = field(default_factory=set)
    secrets: set[str] = field(default_factory=set)
    materials: set[str] = field(default_factory=set)


class IngressUnits:
    """Owner of the compiled Ingresses."""

    def __init__(self, settings: CompilerSettings, guard: Guard) -> None:
        self._settings = settings
        self._guard = guard
        self._base = Directives()
        self._compiled: dict[ObjectKey, CompiledIngress] = {}
        self._hosts: Index[ObjectKey, str] = Index()
        self._upstreams: Index[ObjectKey, str] = Index()
        self._secrets: Index[ObjectKey, str] = Index()
        self._named: Index[ObjectKey, ObjectKey] = Index()
        self._materials: Index[ObjectKey, str] = Index()
        self._asking: Index[ObjectKey, str] = Index()
        self._governing: Index[ObjectKey, str] = Index()

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

    def refresh(self, keys: Iterable[ObjectKey], store: ObjectStore, base: Directives) -> Touched:
        """Compile these Ingresses again, or forget them; ``base`` is what their annotations begin
        with."""
        self._base = base
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

    def naming(self, dirty: Dirty) -> set[ObjectKey]:
        """Keys of the Ingresses whose annotations name anything of that, there or not."""
        secrets = (_key(Secret, name) for name in dirty.secrets)
        configmaps = (_key(ConfigMap, name) for name in dirty.configmaps)
        return {
            ingress for key in chain(secrets, configmaps) for ingress in self._named.sources(key)
        }

    def governing(self, upstream: str) -> list[CompiledIngress]:
        """The Ingresses that may decide the settings of an upstream: all that lead requests to it,
        or just one where none of them says anything."""
        keys = self._upstreams.sources(upstream)
        if asking := self._asking.sources(upstream):
            keys = keys - asking
        if not self._governing.sources(upstream):
            keys = set(islice(keys, 1))
        return [self._compiled[key] for key in keys]

    def wanting(self, secret: str) -> list[WantedSecret]:
        """What policies want of a Secret."""
        keys = self._materials.sources(secret)
        wanted = (each for key in keys for each in self._compiled[key].wanted)
        return [each for each in wanted if each.secret == secret]

    def claims(self, host: str) -> list[Claim]:
        """What Ingresses want of a host, in no order."""
        return [ingress.claims[host] for ingress in self.of_host(host) if host in ingress.claims]

    def canaries(self, host: str) -> list[CanaryClaim]:
        """What canaries want of a host, in no order."""
        found = (ingress.canaries.get(host) for ingress in self.of_host(host))
        return [canary for canary in found if canary is not None]

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
            key,
            lambda: compile_ingress(ingress, store.classes, self._settings, self._base, store.get),
        )
        if compiled is None or compiled == self._compiled.get(key):
            return
        before = self._compiled.get(key)
        self._compiled[key] = compiled
        self._link(key, compiled, touched)
        if before is not None and _governs_otherwise(before, compiled):
            touched.upstreams |= self._upstreams.targets(key)

    def _link(self, key: ObjectKey, compiled: CompiledIngress, touched: Touched) -> None:
        hosts = compiled.host_names()
        touched.hosts |= hosts | self._hosts.put(key, hosts)
        upstreams = {reference.backend.upstream for reference in compiled.references}
        touched.upstreams |= self._upstreams.put(key, upstreams)
        touched.secrets |= self._secrets.put(key, compiled.secrets())
        asked = _only_asked(compiled)
        touched.upstreams |= self._asking.put(key, asked)
        self._governing.put(key, upstreams - asked if sets_upstream(compiled.settings) else ())
        self._named.put(key, compiled.named)
        materials = {wanted.secret for wanted in compiled.wanted}
        touched.materials |= materials | self._materials.put(key, materials)

    def _forget(self, key: ObjectKey, touched: Touched) -> None:
        self._guard.forget(key)
        self._compiled.pop(key, None)
        touched.hosts |= self._hosts.put(key, ())
        touched.upstreams |= self._upstreams.put(key, ())
        touched.secrets |= self._secrets.put(key, ())
        touched.materials |= self._materials.put(key, ())
        self._asking.put(key, ())
        self._governing.put(key, ())
        self._named.put(key, ())


def _key(kind: type[Resource], name: str) -> ObjectKey:
    namespace, _, own_name = name.partition("/")
    return ObjectKey(kind.__name__, namespace, own_name)


def _only_asked(compiled: CompiledIngress) -> set[str]:
    """The upstreams that it leads no request to."""
    asked = {each.backend.upstream for each in compiled.references if each.otherwise}
    return asked and asked - {
        each.backend.upstream for each in compiled.references if not each.otherwise
    }


def _governs_otherwise(before: CompiledIngress, now: CompiledIngress) -> bool:
    """Whether it has another say in the upstreams that it refers to."""
    return (before.rank, before.upstream_policy, before.settings) != (
        now.rank,
        now.upstream_policy,
        now.settings,
    )
