from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from msgspec import structs
from support.certificates import CertificateAuthority
from support.objects import meta, tls_secret

from ingressd.compiler.certificates.certificate import compile_certificate, covers, validity_problem
from ingressd.resources.secret import TLS_SECRET_TYPE, Secret

AUTHORITY = CertificateAuthority()
PAIR = AUTHORITY.leaf("a.example.com", "*.b.example.com")


def codes(secret: Secret) -> list[str]:
    return [problem.code for problem in compile_certificate(secret).problems]


def test_certificate_carries_names_dates_and_a_fingerprint_of_chain_and_key() -> None:
    compiled = compile_certificate(tls_secret("cert", PAIR.chain, PAIR.private_key))
    certificate = compiled.certificate
    assert certificate is not None
    assert certificate.names == ("*.b.example.com", "a.example.com")
    assert certificate.secret == "default/cert"
    assert compiled.not_before < certificate.not_after
    assert compiled.problems == ()
    copy = compile_certificate(tls_secret("copy", PAIR.chain, PAIR.private_key)).certificate
    assert copy is not None
    assert copy.fingerprint == certificate.fingerprint


OTHER = AUTHORITY.leaf("other.example.com")
ENCRYPTED = AUTHORITY.leaf("a.example.com", password=b"secret")


@pytest.mark.parametrize(
    ("chain", "key", "reason"),
    [
        (b"", PAIR.private_key, "it has no tls.crt"),
        (PAIR.chain, b"", "it has no tls.key"),
        (b"nonsense", PAIR.private_key, "tls.crt is not a PEM certificate chain"),
        (PAIR.chain, b"nonsense", "tls.key is not a PEM private key"),
        (PAIR.chain, OTHER.private_key, "tls.key does not belong to the certificate"),
        (ENCRYPTED.chain, ENCRYPTED.private_key, "tls.key is encrypted"),
    ],
)
def test_unusable_secret_says_why_and_never_shows_its_key(
    chain: bytes, key: bytes, reason: str
) -> None:
    compiled = compile_certificate(tls_secret("cert", chain, key))
    assert compiled.certificate is None
    (told,) = compiled.problems
    assert told.code == "CertificateInvalid"
    assert reason in told.message
    for line in key.splitlines():
        assert line.decode() not in repr(compiled)


def test_marker_in_a_key_reaches_no_message() -> None:
    secret = tls_secret("cert", PAIR.chain, b"-----BEGIN PRIVATE KEY-----\nMARKER\n")
    assert "MARKER" not in repr(compile_certificate(secret))


def test_other_type_of_secret_is_used_with_a_warning() -> None:
    opaque = structs.replace(tls_secret("cert", PAIR.chain, PAIR.private_key), type="Opaque")
    assert compile_certificate(opaque).certificate is not None
    assert codes(opaque) == ["SecretTypeUnexpected"]


def test_string_data_counts() -> None:
    text = {"tls.crt": PAIR.chain.decode(), "tls.key": PAIR.private_key.decode()}
    secret = Secret(metadata=meta("cert"), type=TLS_SECRET_TYPE, string_data=text)
    assert compile_certificate(secret).certificate is not None


def test_validity_is_judged_by_the_clock_given() -> None:
    compiled = compile_certificate(tls_secret("cert", PAIR.chain, PAIR.private_key))
    moments = (compiled.not_before - 1, compiled.not_before + 1, PAIR.not_after + 1)
    problems = [validity_problem(compiled, now) for now in moments]
    assert [problem and problem.code for problem in problems] == [
        "CertificateNotYetValid",
        None,
        "CertificateExpired",
    ]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("a.example.com", True),
        ("x.b.example.com", True),
        ("*.b.example.com", True),
        ("b.example.com", False),
        ("x.y.b.example.com", False),
    ],
)
def test_covers(host: str, expected: bool) -> None:
    certificate = compile_certificate(tls_secret("c", PAIR.chain, PAIR.private_key)).certificate
    assert certificate is not None
    assert covers(certificate, host) is expected


def without_alternative_names(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> Secret:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CN.example.com")])
    start = datetime.fromtimestamp(PAIR.not_after - 3600, UTC)
    leaf = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return tls_secret("cert", leaf.public_bytes(Encoding.PEM), pem)


def test_common_name_counts_where_there_are_no_alternative_names() -> None:
    key = rsa.generate_private_key(65537, 2048)
    certificate = compile_certificate(without_alternative_names(key)).certificate
    assert certificate is not None
    assert certificate.names == ("cn.example.com",)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (rsa.generate_private_key(65537, 1024), "its RSA key has less than 2048 bits"),
        (ec.generate_private_key(ec.SECP256K1()), "its key is on the curve secp256k1"),
    ],
)
def test_key_that_tls_would_refuse_is_refused_wherever_it_is_in_the_chain(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, reason: str
) -> None:
    weak = without_alternative_names(key)
    compiled = compile_certificate(weak)
    assert compiled.certificate is None
    assert reason in compiled.problems[0].message
    below = compile_certificate(
        tls_secret("cert", PAIR.chain + weak.data["tls.crt"], PAIR.private_key)
    )
    assert below.certificate is None
    assert reason.removeprefix("its") in below.problems[0].message
