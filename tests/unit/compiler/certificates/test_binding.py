from __future__ import annotations

from support.objects import ingress, rule
from support.routes import certificate

from ingressd.compiler.certificates.binding import CompiledBinding, compile_binding, tls_findings
from ingressd.compiler.certificates.certificate import CompiledCertificate
from ingressd.compiler.ingresses.claims import CompiledIngress
from ingressd.compiler.ingresses.ingress import compile_ingress
from ingressd.compiler.settings import CompilerSettings
from ingressd.resources.ingress import IngressTLS
from ingressd.routing.model import CATCH_ALL

HOST = "a.example.com"
SECRETS = {
    f"default/{name}": CompiledCertificate(certificate(*names, fingerprint=name))
    for name, names in {
        "exact": ("a.example.com",),
        "wild": ("*.example.com",),
        "other": ("other.org",),
        "also": ("a.example.com", "other.org"),
    }.items()
} | {"default/broken": CompiledCertificate()}


def owner(name: str, *entries: IngressTLS, year: int = 2026, host: str = HOST) -> CompiledIngress:
    made = ingress(name, rule(host, "/"), tls=entries, created=f"{year}-01-01T00:00:00Z")
    return compile_ingress(made, {}, CompilerSettings())


def bound(*ingresses: CompiledIngress, host: str = HOST) -> CompiledBinding:
    return compile_binding(host, ingresses, SECRETS.get)


def test_entry_that_lists_the_host_beats_its_wildcard_and_names_of_certificates() -> None:
    listed = IngressTLS((HOST,), "also")
    wildcard = IngressTLS(("*.example.com",), "wild")
    unlisted = IngressTLS(("other.org",), "exact")
    assert bound(owner("web", unlisted, wildcard, listed)).fingerprint == "also"
    assert bound(owner("web", unlisted, wildcard)).fingerprint == "wild"
    assert bound(owner("web", unlisted)).fingerprint == "exact"


def test_unlisted_certificate_goes_by_name_before_wildcard() -> None:
    entries = (IngressTLS((), "wild"), IngressTLS((), "exact"))
    assert bound(owner("web", *entries)).fingerprint == "exact"


def test_oldest_ingress_wins_and_the_loser_is_told() -> None:
    old = owner("z-old", IngressTLS((HOST,), "wild"), year=2025)
    new = owner("a-new", IngressTLS((HOST,), "exact"))
    result = bound(new, old)
    assert result.fingerprint == "wild"
    assert [(f.code, f.subject.name) for f in result.findings] == [("CertificateConflict", "a-new")]


def test_same_certificate_twice_is_no_conflict() -> None:
    entry = IngressTLS((HOST,), "exact")
    assert bound(owner("a", entry), owner("b", entry)).findings == ()


def test_bad_secret_of_an_old_ingress_does_not_block_a_good_one() -> None:
    for name in ("missing", "broken", "other"):
        old = owner("old", IngressTLS((HOST,), name), year=2025)
        assert bound(old).fingerprint == ""
        assert bound(old, owner("new", IngressTLS((HOST,), "exact"))).fingerprint == "exact"


def test_entry_without_secret_asks_for_the_default_certificate() -> None:
    old = owner("old", IngressTLS((HOST,)), year=2025)
    result = bound(old, owner("new", IngressTLS((HOST,), "exact")))
    assert result.fingerprint == ""
    assert [f.code for f in result.findings] == ["CertificateConflict"]


def test_catch_all_takes_an_entry_without_hosts() -> None:
    everything = owner("web", IngressTLS((HOST,), "exact"), IngressTLS((), "other"), host="")
    assert bound(everything, host=CATCH_ALL).fingerprint == "other"


def test_findings_name_the_secret_or_the_host_that_does_not_fit() -> None:
    entries = (
        IngressTLS((HOST,), "missing"),
        IngressTLS((HOST, "other.org"), "exact"),
        IngressTLS((HOST,)),
    )
    findings = tls_findings(owner("web", *entries), SECRETS.get, now=0)
    assert [(f.code, f.field) for f in findings] == [
        ("SecretMissing", "spec.tls[0].secretName"),
        ("CertificateDoesNotCoverHost", "spec.tls[1].hosts[1]"),
    ]


def test_host_that_no_entry_is_for_is_told() -> None:
    def codes(*entries: IngressTLS) -> list[str]:
        return [found.code for found in tls_findings(owner("web", *entries), SECRETS.get, now=0)]

    assert codes(IngressTLS((), "other")) == ["HostWithoutCertificate"]
    assert codes(IngressTLS(("other.org",), "other")) == ["HostNotListed"]
    assert codes(IngressTLS(("*.example.com",), "wild")) == []
    assert codes(IngressTLS((), "exact")) == []
    assert codes(IngressTLS((), "other"), IngressTLS()) == []
    assert codes() == []
