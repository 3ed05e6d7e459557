"""Which certificate a host gets, and what to tell the Ingresses that name one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from msgspec import Struct, structs

from ingressd.compiler.certificates.certificate import CompiledCertificate, covers, validity_problem
from ingressd.compiler.codes import Code, finding, problem
from ingressd.compiler.hosts.host import shown
from ingressd.compiler.ingresses.claims import CompiledIngress, TlsEntry
from ingressd.resources.decoding import to_finding
from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey
from ingressd.resources.shape import Problem
from ingressd.routing.hosts import wildcard_of
from ingressd.routing.model import CATCH_ALL, Certificate

Certificates: TypeAlias = Callable[[str], CompiledCertificate | None]
"""A Secret's compiled certificate by ``namespace/name``; None where there is no such Secret."""


class CompiledBinding(Struct, frozen=True, gc=False):
    """``fingerprint`` is "" where the host gets the default certificate."""

    fingerprint: str = ""
    findings: tuple[Finding, ...] = ()


class _Choice(Struct, frozen=True):
    """A certificate that one Ingress has for the host; None: it asks for the default one."""

    ingress: CompiledIngress
    field: str
    certificate: Certificate | None

    @property
    def fingerprint(self) -> str:
        return self.certificate.fingerprint if self.certificate is not None else ""


def compile_binding(
    host: str, ingresses: Iterable[CompiledIngress], certificates: Certificates
) -> CompiledBinding:
    """The certificate of the oldest Ingress that has a usable one for the host.

    Within an Ingress: the entry of ``spec.tls`` that lists the host, then one that lists its
    wildcard, then any whose certificate covers the host, by its name before by wildcard.
    """
    ordered = sorted(ingresses, key=lambda ingress: ingress.rank)
    choices = [choice for ingress in ordered if (choice := _choice(host, ingress, certificates))]
    if not choices:
        return CompiledBinding()
    winner, *losers = choices
    findings = tuple(
        _conflict(host, loser, winner)
        for loser in losers
        if loser.certificate is not None and loser.fingerprint != winner.fingerprint
    )
    return CompiledBinding(winner.fingerprint, findings)


def tls_findings(ingress: CompiledIngress, certificates: Certificates, now: float) -> list[Finding]:
    """What is wrong with the Secrets that ``spec.tls`` of one Ingress names, and which of its hosts
    none of them is for."""
    told = [
        found
        for entry in ingress.tls
        if entry.secret
        for found in _entry_findings(ingress.subject, entry, certificates, now)
    ]
    return [*told, *_forgotten_hosts(ingress, certificates)]


def secret_findings(secret: str, certificates: Certificates, now: float) -> list[Finding]:
    """What is wrong with the Secret of ``--default-ssl-certificate``, told of itself."""
    namespace, _, name = secret.partition("/")
    subject = ObjectKey("Secret", namespace, name)
    problems = _secret_problems(secret, certificates(secret), now)
    return [to_finding(found, subject, "") for found in problems]


def _choice(host: str, ingress: CompiledIngress, certificates: Certificates) -> _Choice | None:
    for entry in _by_precedence(host, ingress, certificates):
        if not entry.secret:
            return _Choice(ingress, entry.field, None)
        certificate = _usable(entry, certificates)
        if certificate is not None and (host == CATCH_ALL or covers(certificate, host)):
            return _Choice(ingress, entry.field, certificate)
    return None


def _by_precedence(
    host: str, ingress: CompiledIngress, certificates: Certificates
) -> Iterator[TlsEntry]:
    """The entries that may decide about the host, best first."""
    if host == CATCH_ALL:
        # `kubectl create ingress --rule="/*=web:80,tls=cert"` writes an entry without hosts.
        yield from (entry for entry in ingress.tls if not entry.hosts)
        return
    for name in (host, wildcard_of(host)):
        yield from (entry for entry in ingress.tls if name in {text for _, text in entry.hosts})
    with_secret = [entry for entry in ingress.tls if entry.secret]
    for name in (host, wildcard_of(host)):
        for entry in with_secret:
            certificate = _usable(entry, certificates)
            if certificate is not None and name in certificate.names:
                yield entry


def _usable(entry: TlsEntry, certificates: Certificates) -> Certificate | None:
    compiled = certificates(entry.secret)
    return compiled.certificate if compiled is not None else None


def _entry_findings(
    subject: ObjectKey, entry: TlsEntry, certificates: Certificates, now: float
) -> Iterator[Finding]:
    compiled = certificates(entry.secret)
    for found in _secret_problems(entry.secret, compiled, now):
        yield to_finding(structs.replace(found, field=f"{entry.field}.secretName"), subject, "")
    if compiled is not None and compiled.certificate is not None:
        yield from _uncovered(subject, entry, compiled.certificate)


def _secret_problems(
    secret: str, compiled: CompiledCertificate | None, now: float
) -> Iterator[Problem]:
    if compiled is None:
        yield problem(
            Code.SECRET_MISSING,
            "",
            f"Secret {secret} does not exist; its hosts get another certificate that covers them, "
            "else the default one",
            "create it; it is used as soon as it exists",
        )
        return
    yield from compiled.problems
    validity = validity_problem(compiled, now)
    if validity is not None:
        yield validity


def _uncovered(subject: ObjectKey, entry: TlsEntry, certificate: Certificate) -> Iterator[Finding]:
    for field, host in entry.hosts:
        if not covers(certificate, host):
            names = ", ".join(certificate.names) or "no name"
            yield finding(
                Code.CERTIFICATE_DOES_NOT_COVER_HOST,
                subject,
                field,
                f"the certificate in Secret {entry.secret} covers {names}, not {host}; "
                f"{host} gets another one that does, else the default one",
                "add the host to the certificate, or name another Secret",
            )


def _forgotten_hosts(ingress: CompiledIngress, certificates: Certificates) -> Iterator[Finding]:
    """Hosts of the rules that no entry means, or that no certificate covers. An entry that names
    neither hosts nor a Secret asks for the default certificate, for all of them."""
    if not ingress.tls:
        return
    wants_default = any(not entry.hosts and not entry.secret for entry in ingress.tls)
    for host in sorted(ingress.claims.keys() - {CATCH_ALL}):
        is_covered = next(_by_precedence(host, ingress, certificates), None) is not None
        if not ingress.claims[host].has_tls:
            yield _unlisted(ingress.subject, host, is_covered=is_covered)
        elif not (is_covered or wants_default):
            yield finding(
                Code.HOST_WITHOUT_CERTIFICATE,
                ingress.subject,
                "spec.tls",
                f"no certificate covers {shown(host)}: {_OTHER_CERTIFICATE}",
                "name a Secret with a certificate that covers it",
            )


_OTHER_CERTIFICATE = "https gets another one that covers it, else the default one"


def _unlisted(subject: ObjectKey, host: str, *, is_covered: bool) -> Finding:
    without = "" if is_covered else f"; no certificate covers it, and {_OTHER_CERTIFICATE}"
    return finding(
        Code.HOST_NOT_LISTED,
        subject,
        "spec.tls",
        f"no entry lists {shown(host)}: ssl-redirect leaves its plain requests where they are, "
        f"which ingress-nginx would redirect to https{without}",
        f"add an entry that lists {host} if it should have TLS",
    )


def _conflict(host: str, loser: _Choice, winner: _Choice) -> Finding:
    return finding(
        Code.CERTIFICATE_CONFLICT,
        loser.ingress.subject,
        loser.field,
        f"{shown(host)} gets the certificate of Ingress {winner.ingress.age.name} "
        f"({winner.field}), which is older; this one is not used",
        "name the same Secret in both, or remove one of the two",
    )
