from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest
import yaml
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from ingressd.cli.certificates import ExampleCertificate, make_example_certificate

NAMES = ("shop.example.com", "*.example.com", "127.0.0.1")


@pytest.fixture(scope="module")
def made() -> ExampleCertificate:
    return make_example_certificate(NAMES)


def test_the_authority_vouches_for_every_name(made: ExampleCertificate) -> None:
    leaf = x509.load_pem_x509_certificate(made.certificate)
    trust = Store([x509.load_pem_x509_certificate(made.authority)])
    for subject in (
        x509.DNSName("shop.example.com"),
        x509.DNSName("any.example.com"),
        x509.IPAddress(ip_address("127.0.0.1")),
    ):
        chain = PolicyBuilder().store(trust).build_server_verifier(subject).verify(leaf, [])
        assert len(chain) == 2


def test_key_and_certificate_belong_together(made: ExampleCertificate, tmp_path: Path) -> None:
    (tmp_path / "both.pem").write_bytes(made.certificate + made.private_key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    assert context.cert_store_stats()["x509"] == 0


def test_the_secret_holds_what_was_made(made: ExampleCertificate) -> None:
    secret = yaml.safe_load(made.secret_manifest("shop-tls", "prod"))
    assert secret["type"] == "kubernetes.io/tls"
    assert secret["metadata"] == {"name": "shop-tls", "namespace": "prod"}
    values = msgspec.convert(secret["data"], dict[str, bytes])
    assert values == {"tls.crt": made.certificate, "tls.key": made.private_key}


def test_it_is_valid_from_now_on_for_the_days_asked_for() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = make_example_certificate(["a.example.com"], now=now, days=3)
    leaf = x509.load_pem_x509_certificate(made.certificate)
    assert leaf.not_valid_before_utc < now
    assert now + timedelta(days=2) < leaf.not_valid_after_utc <= now + timedelta(days=3)


def test_the_key_does_not_show(made: ExampleCertificate) -> None:
    assert "PRIVATE" not in repr(made)
    assert "PRIVATE" not in f"{made}"


def test_a_certificate_for_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one name"):
        make_example_certificate([])
