"""All compiled units together, and which of them a change reaches."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from ingressd.compiler.backends import parse_service
from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.certificate_units import CertificateUnits
from ingressd.controller.guard import Guard
from ingressd.controller.host_units import HostUnits
from ingressd.controller.ingress_units import IngressUnits, Touched
from ingressd.controller.store import Dirty, ObjectStore
from ingressd.controller.upstream_units import UpstreamUnits
from ingressd.resources.ingress import Ingress
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.model import CATCH_ALL, Certificate


class Refreshed(Struct):
    """Names of what was compiled again, and so may differ from what workers have.

    ``bound`` are the hosts whose certificate was chosen again; ``fingerprints`` the certificates
    that this or a Secret concerns.
    """

    hosts: set[str] = field(default_factory=set)
    upstreams: set[str] = field(default_factory=set)
    bound: set[str] = field(default_factory=set)
    fingerprints: set[str] = field(default_factory=set)


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
        self.ingresses = IngressUnits(settings, self.guard)
        self.hosts = HostUnits(self.guard, self.default_backend)
        self.upstreams = UpstreamUnits(settings, self.guard)
        self.certificates = CertificateUnits(self.guard, fallback_certificate, self.default_secret)

    def refresh(self, dirty: Dirty, *, with_defaults: bool = False) -> Refreshed:
        """Compile what a change reaches; ``with_defaults`` (once, at the start) also what the flags
        name. Ingresses come first: they decide which hosts, upstreams and certificates there are.
        """
        touched = self.ingresses.refresh(dirty.ingresses, self._store)
        if with_defaults:
            self._add_defaults(touched)
        upstreams = touched.upstreams.union(*map(self.upstreams.of_service, dirty.services))
        secrets = touched.secrets | dirty.secrets
        bound = touched.hosts.union(*map(self.ingresses.hosts_of_secret, secrets))
        fingerprints = self._refresh_secrets(secrets)
        for host in bound:
            fingerprints |= self._bind(host)
        self._refresh_hosts(touched.hosts)
        self._refresh_upstreams(upstreams)
        return Refreshed(touched.hosts, upstreams, bound, fingerprints)

    def concerned(self, dirty: Dirty, refreshed: Refreshed) -> frozenset[ObjectKey]:
        """The Ingresses about which there may be something else to tell."""
        told = (key for key in dirty.reported if key.kind == Ingress.__name__)
        hosts = map(self.ingresses.with_host, refreshed.hosts | refreshed.bound)
        upstreams = map(self.ingresses.with_upstream, refreshed.upstreams)
        return frozenset(dirty.ingresses).union(told, *hosts, *upstreams)

    def _add_defaults(self, touched: Touched) -> None:
        if self.default_backend is not None:
            touched.hosts.add(CATCH_ALL)
            touched.upstreams.add(self.default_backend.upstream)
        if self.default_secret:
            touched.secrets.add(self.default_secret)

    def _refresh_hosts(self, names: Iterable[str]) -> None:
        for name in names:
            self.hosts.compile(name, self.ingresses.claims(name))

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
        with_tls = [ingress for ingress in self.ingresses.of_host(host) if ingress.tls]
        return self.certificates.bind(host, with_tls)
