"""Whose certificate is whose, and the contexts that a worker keeps."""

from __future__ import annotations

import logging
import ssl

import pytest
from msgspec import structs
from support.certificates import CertificateAuthority
from support.tls_pods import SECRET, material

from ingressd.proxy.upstream.pod_tls import Security, SecurityStore, is_for, load_context
from ingressd.routing.policy import DEFAULT_POD_TLS, PodTls

AUTHORITY = CertificateAuthority()
PAIR = AUTHORITY.leaf("pod.test")


@pytest.mark.parametrize(
    ("name", "alternatives", "expected"),
    [
        ("pod.test", [("DNS", "pod.test")], True),
        ("POD.test", [("DNS", "pod.TEST")], True),
        ("pod.test", [("DNS", "other.test"), ("DNS", "pod.test")], True),
        ("a.pod.test", [("DNS", "*.pod.test")], True),
        ("pod.test", [("DNS", "*.pod.test")], False),
        ("a.b.pod.test", [("DNS", "*.pod.test")], False),
        ("xpod.test", [("DNS", "*pod.test")], False),
        ("pod", [("DNS", "*")], False),
        ("pod.test", [("DNS", "*.test")], False),
        ("pod", [("DNS", "*.")], False),
        ("pod.test", [("URI", "pod.test"), ("email", "pod.test")], False),
        ("10.0.0.1", [("IP Address", "10.0.0.1")], True),
        ("10.0.0.1", [("DNS", "10.0.0.1")], False),
        ("10.0.0.1", [("DNS", "*.0.0.1")], False),
        ("2001:db8::1", [("IP Address", "2001:DB8:0:0:0:0:0:1")], True),
        ("pod.test", [], False),
        ("cn.example.test", [], True),
        ("CN.example.test", [("IP Address", "10.0.0.1")], True),
        ("cn.example.test", [("DNS", "pod.test")], False),
        ("10.0.0.1", [], False),
    ],
)
def test_whose_certificate_it_is(
    name: str, alternatives: list[tuple[str, str]], expected: bool
) -> None:
    subject = ((("organizationName", name),), (("commonName", "cn.example.test"),))
    assert is_for(name, {"subject": subject, "subjectAltName": tuple(alternatives)}) is expected


def test_no_certificate_is_nobodys() -> None:
    assert not is_for("pod.test", {})


def test_a_name_is_that_of_the_settings_else_of_the_external_service_else_of_the_service() -> None:
    context = load_context(DEFAULT_POD_TLS, {})
    named = Security(context, PodTls(name="pod.test"), "web.shop.svc")
    unnamed = Security(context, DEFAULT_POD_TLS, "web.shop.svc")
    assert named.name_at("external.test") == named.name_at("") == "pod.test"
    assert unnamed.name_at("external.test") == "external.test"
    assert unnamed.name_at("") == "web.shop.svc"


def test_equal_settings_and_secrets_have_one_context_and_others_another() -> None:
    store, settings = SecurityStore(), PodTls(SECRET)
    one = store.context_for(settings, material(AUTHORITY))
    assert one is not None
    assert store.context_for(settings, material(AUTHORITY)) is one
    assert store.context_for(structs.replace(settings, is_shared=False), material(AUTHORITY)) is one
    others = [
        store.context_for(settings, material(CertificateAuthority())),
        store.context_for(settings, material(AUTHORITY, PAIR)),
        *(
            store.context_for(structs.replace(settings, **field), material(AUTHORITY))
            for field in ({"verify": True}, {"name": "a.test"}, {"sends_name": True}, {"depth": 2})
        ),
    ]
    assert None not in others and len({one, *others}) == 7


def test_old_contexts_are_forgotten() -> None:
    store = SecurityStore(capacity=1)
    one = store.context_for(DEFAULT_POD_TLS, None)
    assert store.context_for(DEFAULT_POD_TLS, None) is one
    store.context_for(PodTls(name="a.test"), None)
    assert store.context_for(DEFAULT_POD_TLS, None) is not one


def test_what_cannot_be_used_is_logged_once_without_a_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store, settings = SecurityStore(), PodTls(SECRET)
    broken = structs.replace(material(AUTHORITY), entries={"tls.crt": PAIR.chain, "tls.key": b"x"})
    with caplog.at_level(logging.ERROR):
        assert store.context_for(settings, broken) is None
        assert store.context_for(settings, broken) is None
    (record,) = caplog.records
    assert SECRET in record.getMessage() and "BEGIN" not in record.getMessage()


def test_a_context_believes_everybody_unless_it_verifies() -> None:
    careless = load_context(DEFAULT_POD_TLS, material(AUTHORITY).entries)
    assert (careless.verify_mode, careless.check_hostname) == (ssl.CERT_NONE, False)
    strict = load_context(PodTls(SECRET, verify=True), material(AUTHORITY).entries)
    assert (strict.verify_mode, strict.check_hostname) == (ssl.CERT_REQUIRED, False)
    named = load_context(PodTls(SECRET, verify=True, sends_name=True), material(AUTHORITY).entries)
    assert (named.verify_mode, named.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_verification_without_authorities_is_no_verification() -> None:
    with pytest.raises(ValueError, match="Empty certificate data"):
        load_context(PodTls(SECRET, verify=True), {})
