"""All compiled units together, and which of them a change reaches."""

from __future__ import annotations

from collections.abc import Iterable, Set
from itertools import chain

from msgspec import Struct, field

from ingressd.compiler.services.backends import parse_service
from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.certificate_units import CertificateUnits
from ingressd.controller.global_units import GlobalUnits
from ingressd.controller.guard import Guard
from ingressd.controller.host_units import HostUnits
from ingressd.controller.ingress_units import IngressUnits, Touched
from ingressd.controller.secret_units import SecretUnits
from ingressd.controller.store import Dirty, ObjectStore
from ingressd.controller.upstream_units import UpstreamUnits
from ingressd.resources.ingress import Ingress
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.model import CATCH_ALL, Certificate


class Refreshed(Struct):
    """Names of what was compiled again, and so may differ from what workers have.

    ``bound`` are the hosts whose certificate was chosen again; ``fingerprints`` the certificates
    that this or a Secret concerns, and ``materials`` the Secrets that annotations name.
    """

    hosts: set[str] = field(default_factory=set)
    upstreams: set[str] = field(default_factory=set)
    bound: set[str] = field(default_factory=set)
    fingerprints: set[str] = field(default_factory=set)
    materials: set[str] = field(default_factory=set)


class Units:
    """Owner of everything compiled. What the flags name exists without any Ingress."""

    def __init__(
        self, store: ObjectStore, settings: CompilerSettings, fallback_certificate: Certificate
    ) -> None:
        self._store = store
        self.guard = Guard()
        self.default_backend = parse_service(settings.default_backend_service)
        self.default_secret = settings.default_ssl_certificate
        self.overrides = settings.overrides
        self.globals = GlobalUnits(settings, self.guard)
        self.ingresses = IngressUnits(settings, self.guard)
        self.hosts = HostUnits(self.guard, self.default_backend, settings.compat)
        self.upstreams = UpstreamUnits(settings, self.guard)
        self.secrets = SecretUnits(self.guard)
        self.certificates = CertificateUnits(self.guard, fallback_certificate, self.default_secret)

    def refresh(self, dirty: Dirty, *, with_defaults: bool = False) -> Refreshed:
        """Compile what a change reaches; ``with_defaults`` (once, at the start) also what the flags
        name. Ingresses come first: they decide which hosts, upstreams and certificates there are.
        Those whose annotations name what changed are added to ``dirty``, and all of them where they
        begin with something else.
        """
        closed = self._refresh_globals(dirty, with_defaults=with_defaults)
        dirty.ingresses |= self.ingresses.naming(dirty)
        touched = self.ingresses.refresh(
            dirty.ingresses, self._store, self.globals.compiled.directives
        )
        touched.hosts |= closed
        if with_defaults:
            self._add_defaults(touched)
        upstreams = touched.upstreams.union(*map(self.upstreams.of_service, dirty.services))
        hosts = self._refresh_hosts(touched.hosts)
        bound, fingerprints = self._refresh_bindings(hosts, touched.secrets | dirty.secrets)
        hosts |= self._derive_aliases(bound)
        self._govern(touched.upstreams)
        self._refresh_upstreams(upstreams)
        materials = touched.materials | dirty.secrets
        self._refresh_materials(materials)
        return Refreshed(hosts, upstreams, bound, fingerprints, materials)

    def concerned(self, dirty: Dirty, refreshed: Refreshed) -> frozenset[ObjectKey]:
        """The Ingresses about which there may be something else to tell."""
        told = (key for key in dirty.reported if key.kind == Ingress.__name__)
        names = self.hosts.with_originals(refreshed.hosts | refreshed.bound)
        hosts = map(self.ingresses.with_host, names)
        upstreams = map(self.ingresses.with_upstream, refreshed.upstreams)
        return frozenset(dirty.ingresses).union(told, *hosts, *upstreams)

    def _refresh_globals(self, dirty: Dirty, *, with_defaults: bool) -> Set[str]:
        """Returns the hosts that are concerned, whatever their Ingresses say."""
        if not (with_defaults or self.globals.concern(dirty)):
            return frozenset()
        before, now = self.globals.compile(self._store), self.globals.compiled
        if before.directives != now.directives:
            dirty.ingresses |= self.ingresses.keys
        self.hosts.is_closed = now.is_blocked
        self.hosts.unmatched = now.global_policy.unmatched
        concerns_all = (before.is_blocked, before.global_policy.unmatched) != (
            now.is_blocked,
            now.global_policy.unmatched,
        )
        return self.hosts.names if concerns_all else frozenset()

    def _add_defaults(self, touched: Touched) -> None:
        if self.default_backend is not None:
            touched.hosts.add(CATCH_ALL)
            touched.upstreams.add(self.default_backend.upstream)
        if self.default_secret:
            touched.secrets.add(self.default_secret)

    def _refresh_hosts(self, names: Set[str]) -> set[str]:
        """Returns these names and the aliases that they had and have."""
        ingresses = self.ingresses
        compiled = (
            self.hosts.compile(name, ingresses.claims(name), ingresses.canaries(name))
            for name in names
        )
        return set(names).union(*compiled)

    def _refresh_bindings(self, hosts: Set[str], secrets: Set[str]) -> tuple[set[str], set[str]]:
        """Returns the hosts whose certificate was chosen again, and the fingerprints concerned."""
        of_secrets = (self.ingresses.hosts_of_secret(secret) for secret in secrets)
        bound = {*hosts, *self.hosts.with_aliases(chain.from_iterable(of_secrets))}
        fingerprints = self._refresh_secrets(secrets)
        for host in bound:
            fingerprints |= self._bind(host)
        return bound, fingerprints

    def _derive_aliases(self, names: Iterable[str]) -> set[str]:
        """Those of the names that are aliases, once it is known which certificates they have."""
        aliases = set(filter(self.hosts.is_alias, names))
        for name in aliases:
            has_certificate = self.certificates.binding(name) is not None
            claims = self.ingresses.claims(name)
            self.hosts.derive(name, claims, has_certificate=has_certificate)
        return aliases

    def _govern(self, upstreams: Iterable[str]) -> None:
        for key in upstreams:
            self.upstreams.govern(key, self.ingresses.governing(key))

    def _refresh_materials(self, secrets: Iterable[str]) -> None:
        for secret in secrets:
            self.secrets.compile(secret, self.ingresses.wanting(secret), self._store)

    def _refresh_upstreams(self, keys: Iterable[str]) -> None:
        backend = self.default_backend
        for key in keys:
            is_default = backend is not None and key == backend.upstream
            if is_default or self.ingresses.needs_upstream(key):
                self.upstreams.compile(key, self._store)
            else:
                self.upstreams.forget(key)

    def _refresh_secrets(self, names: Iterable[str]) -> set[str]:
        """Returns the fingerprints that came or went, and the default before and after."""
        changed = {self.certificates.default.fingerprint}
        for name in names:
            if name == self.default_secret or self.ingresses.needs_secret(name):
                changed |= self.certificates.compile(name, self._store)
            else:
                changed |= self.certificates.forget(name)
        return changed | {self.certificates.default.fingerprint}

    def _bind(self, host: str) -> frozenset[str]:
        """An alias gets a certificate from the Ingresses of the hosts that it may stand for."""
        is_alias = self.hosts.is_alias(host) and not self.ingresses.claims(host)
        names = self.hosts.with_originals((host,)) if is_alias else (host,)
        entries = (ingress for name in names for ingress in self.ingresses.of_host(name))
        with_tls = {ingress.subject: ingress for ingress in entries if ingress.tls}
        return self.certificates.bind(host, with_tls.values())
