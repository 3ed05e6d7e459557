"""Which certificates workers know, under whose name, and who shows which."""

from __future__ import annotations

import ssl

import pytest
from support.certificates import CertificateAuthority, KeyPair
from support.objects import ingress, rule, tls_secret
from support.routes import certificate
from support.stores import filled, touched

from ingressd.compiler.ingresses.claims import CompiledIngress
from ingressd.compiler.ingresses.ingress import compile_ingress
from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.certificate_units import CertificateUnits
from ingressd.controller.guard import Guard
from ingressd.controller.store import ObjectStore
from ingressd.resources.ingress import IngressTLS
from ingressd.resources.secret import Secret
from ingressd.sources.events import Deleted

HOST = "a.test"
FALLBACK = certificate("ingress.local", fingerprint="fallback", secret="")
AUTHORITY = CertificateAuthority()
PAIR, OTHER = AUTHORITY.leaf(HOST), AUTHORITY.leaf(HOST)


def secret(name: str, pair: KeyPair = PAIR) -> Secret:
    return tls_secret(name, pair.chain, pair.private_key)


def with_malformed_names(pair: KeyPair) -> bytes:
    """Its certificate, in which the name of the host claims to be longer than all names are."""
    der = ssl.PEM_cert_to_DER_cert(pair.chain.decode())
    malformed = der.replace(b"\x82\x06a.test", b"\x82\x7fa.test")
    assert malformed != der
    return ssl.DER_cert_to_PEM_cert(malformed).encode()


BROKEN = tls_secret("broken", b"nonsense", b"")


def wanting(*secrets: str) -> list[CompiledIngress]:
    """An Ingress of the host that names these Secrets."""
    entries = [IngressTLS((HOST,), name) for name in secrets]
    return [compile_ingress(ingress("web", rule(HOST, "/"), tls=entries), {}, CompilerSettings())]


def units(store: ObjectStore, *secrets: str, default: str = "") -> CertificateUnits:
    """With these Secrets compiled."""
    made = CertificateUnits(Guard(), FALLBACK, default)
    for name in secrets:
        made.compile(f"default/{name}", store)
    return made


def fingerprint_of(made: CertificateUnits, name: str) -> str:
    compiled = made.find(f"default/{name}")
    assert compiled is not None
    assert compiled.certificate is not None
    return compiled.certificate.fingerprint


def test_what_comes_and_goes_is_told_by_fingerprint() -> None:
    store = filled(secret("tls"))
    made = CertificateUnits(Guard(), FALLBACK, "")
    came = made.compile("default/tls", store)
    assert came == {fingerprint_of(made, "tls")}
    assert made.compile("default/tls", store) == frozenset()
    touched(store, Deleted(secret("tls").key))
    assert made.compile("default/tls", store) == came
    assert made.find("default/tls") is None


def test_a_new_pair_takes_the_place_of_the_old_one() -> None:
    store = filled(secret("tls"))
    made = units(store, "tls")
    old = fingerprint_of(made, "tls")
    assert made.compile("default/tls", filled(secret("tls", OTHER))) == {
        old,
        fingerprint_of(made, "tls"),
    }


def test_what_cannot_be_read_has_no_fingerprint_and_is_known_all_the_same() -> None:
    made = CertificateUnits(Guard(), FALLBACK, "")
    assert made.compile("default/broken", filled(BROKEN)) == frozenset()
    compiled = made.find("default/broken")
    assert compiled is not None
    assert compiled.certificate is None


def test_a_secret_that_turns_unusable_keeps_its_certificate_until_it_is_mended_or_goes() -> None:
    made = units(filled(secret("tls")), "tls", default="default/tls")
    made.bind(HOST, wanting("tls"))
    good = fingerprint_of(made, "tls")
    mismatched = tls_secret("tls", PAIR.chain, OTHER.private_key)
    malformed = tls_secret("tls", with_malformed_names(PAIR), PAIR.private_key)
    for broken in (malformed, mismatched, tls_secret("tls", b"nonsense", b"")):
        assert made.compile("default/tls", filled(broken)) == frozenset()
        compiled = made.find("default/tls")
        assert compiled is not None
        assert compiled.not_before > 0
        (told,) = compiled.problems
        assert told.code == "CertificateInvalid"
        assert "its earlier certificate is served" in told.message
        assert made.bind(HOST, wanting("tls")) == frozenset()
        assert made.binding(HOST) == made.default.fingerprint == good

    made.compile("default/tls", filled(secret("tls", OTHER)))
    mended = made.find("default/tls")
    assert mended is not None
    assert mended.problems == ()
    assert made.default.fingerprint != good
    made.compile("default/tls", filled())
    made.bind(HOST, wanting("tls"))
    assert (made.binding(HOST), made.default) == (None, FALLBACK)
    made.compile("default/tls", filled(mismatched))
    assert made.default is FALLBACK


def test_workers_know_what_some_host_shows_and_nothing_else() -> None:
    made = units(filled(secret("tls")), "tls")
    fingerprint = fingerprint_of(made, "tls")
    assert made.published(fingerprint) is None
    assert made.bind(HOST, wanting("tls")) == {fingerprint}
    assert made.binding(HOST) == fingerprint
    published = made.published(fingerprint)
    assert published is not None
    assert published.secret == "default/tls"
    assert made.bind(HOST, []) == {fingerprint}
    assert (made.binding(HOST), made.published(fingerprint)) == (None, None)


def test_of_equal_certificates_one_is_known_under_the_first_name() -> None:
    store = filled(secret("b"), secret("a"))
    made = units(store, "b", "a")
    fingerprint = fingerprint_of(made, "a")
    assert fingerprint == fingerprint_of(made, "b")
    made.bind(HOST, wanting("b"))
    names = []
    for gone in ("a", ""):
        published = made.published(fingerprint)
        assert published is not None
        names.append(published.secret)
        made.forget(f"default/{gone}")
    assert names == ["default/a", "default/b"]


@pytest.mark.parametrize("held", [[], [BROKEN]], ids=["missing", "broken"])
def test_a_default_that_cannot_be_served_is_the_one_made_at_start(held: list[Secret]) -> None:
    made = units(filled(*held), "broken", default="default/broken")
    assert made.default is FALLBACK
    assert made.published("fallback") is FALLBACK


def test_a_default_is_known_without_any_host() -> None:
    made = units(filled(secret("tls")), "tls", default="default/tls")
    assert made.default.secret == "default/tls"
    assert made.published(made.default.fingerprint) is made.default
    assert made.published("fallback") is None
    made.forget("default/tls")
    assert made.default is FALLBACK


def test_what_is_wrong_with_a_binding_is_told_of_its_host() -> None:
    made = units(filled(secret("tls"), secret("other", OTHER)), "tls", "other")
    assert made.findings == []
    rivals = [*wanting("tls")]
    late = ingress(
        "late", rule(HOST, "/x"), tls=[IngressTLS((HOST,), "other")], created="2026-02-01T00:00:00Z"
    )
    rivals.append(compile_ingress(late, {}, CompilerSettings()))
    made.bind(HOST, rivals)
    assert [told.subject.name for told in made.findings_of(HOST)] == ["late"]
    assert made.findings == [*made.findings_of(HOST)]
    assert made.findings_of("b.test") == ()
