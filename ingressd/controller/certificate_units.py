"""The compiled certificates, and which host each of them is bound to."""

from __future__ import annotations

from collections.abc import Iterable

from ingressd.compiler.certificates.binding import CompiledBinding, compile_binding
from ingressd.compiler.certificates.certificate import CompiledCertificate, compile_certificate
from ingressd.compiler.ingresses.claims import CompiledIngress
from ingressd.controller.guard import Guard
from ingressd.controller.index import Index
from ingressd.controller.store import ObjectStore
from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.model import Certificate


class CertificateUnits:
    """Owner of the compiled certificates (by Secret) and of the bindings (by host).

    Equal certificates of several Secrets are one to a worker; it carries the first Secret's name.
    """

    def __init__(self, guard: Guard, fallback: Certificate, default_secret: str) -> None:
        self._guard = guard
        self._fallback = fallback
        self._default_secret = default_secret
        self._compiled: dict[str, CompiledCertificate] = {}
        self._bindings: dict[str, CompiledBinding] = {}
        self._fingerprints: Index[str, str] = Index()
        self._bound: Index[str, str] = Index()

    @property
    def default(self) -> Certificate:
        """``--default-ssl-certificate`` where that can be served, else the one made at start."""
        compiled = self._compiled.get(self._default_secret)
        return (compiled and compiled.certificate) or self._fallback

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with bindings."""
        return [told for binding in self._bindings.values() for told in binding.findings]

    def findings_of(self, host: str) -> tuple[Finding, ...]:
        """What is wrong with the binding of one host."""
        binding = self._bindings.get(host)
        return binding.findings if binding is not None else ()

    def find(self, secret: str) -> CompiledCertificate | None:
        """The certificate of the Secret ``namespace/name``; None where there is no such Secret."""
        return self._compiled.get(secret)

    def binding(self, host: str) -> str | None:
        """Fingerprint of the certificate of a host, None for the default one."""
        binding = self._bindings.get(host)
        return (binding.fingerprint or None) if binding is not None else None

    def published(self, fingerprint: str) -> Certificate | None:
        """What a worker needs to know under a fingerprint; None when nothing uses it."""
        if fingerprint == self.default.fingerprint:
            return self.default
        if not self._bound.sources(fingerprint):
            return None
        secret = min(self._fingerprints.sources(fingerprint))
        return self._compiled[secret].certificate

    def compile(self, secret: str, store: ObjectStore) -> frozenset[str]:
        """Compile a Secret (again), or forget it where it does not exist. One that turns unusable
        keeps the certificate it had: an edit that fails must not cost its hosts theirs.

        Returns the fingerprints that came or went.
        """
        found = store.secret(secret)
        if found is None:
            return self.forget(secret)
        earlier = self._compiled.get(secret)
        compiled = self._guard.attempt(found.key, lambda: compile_certificate(found, earlier))
        if compiled is None:
            return frozenset()
        self._compiled[secret] = compiled
        return self._fingerprints.put(secret, _fingerprints(compiled))

    def forget(self, secret: str) -> frozenset[str]:
        """The Secret is gone, or nothing refers to it; returns the fingerprints that went."""
        namespace, _, name = secret.partition("/")
        self._guard.forget(ObjectKey("Secret", namespace, name))
        self._compiled.pop(secret, None)
        return self._fingerprints.put(secret, ())

    def bind(self, host: str, ingresses: Iterable[CompiledIngress]) -> frozenset[str]:
        """Choose the certificate of a host (again); returns the fingerprints that change hands."""
        unit = ObjectKey("Binding", "", host)
        binding = self._guard.attempt(unit, lambda: compile_binding(host, ingresses, self.find))
        if binding is None:
            return frozenset()
        if binding == CompiledBinding():
            self._bindings.pop(host, None)
        else:
            self._bindings[host] = binding
        return self._bound.put(host, {binding.fingerprint} - {""})


def _fingerprints(compiled: CompiledCertificate) -> tuple[str, ...]:
    certificate = compiled.certificate
    return (certificate.fingerprint,) if certificate is not None else ()
