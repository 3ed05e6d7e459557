from __future__ import annotations

import ssl

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ingressd.controller.self_signed import self_signed_certificate

NOW = 1_800_000_000.0


def test_certificate_belongs_to_its_key_and_is_valid_at_its_making() -> None:
    made = self_signed_certificate(NOW)
    leaf = x509.load_pem_x509_certificate(made.chain)
    assert load_pem_private_key(made.private_key, None).public_key() == leaf.public_key()
    assert leaf.not_valid_before_utc.timestamp() < NOW < made.not_after
    assert (made.names, made.secret) == (("ingress.local",), "")


def test_its_names_are_those_of_ingress_nginx() -> None:
    leaf = x509.load_pem_x509_certificate(self_signed_certificate(NOW).chain)
    said = "CN=Kubernetes Ingress Controller Fake Certificate,O=Acme Co"
    assert (leaf.subject.rfc4514_string(), leaf.issuer.rfc4514_string()) == (said, said)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["ingress.local"]


def test_openssl_takes_it() -> None:
    made = self_signed_certificate(NOW)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=made.chain.decode())
    assert context.cert_store_stats()["x509"] == 1


def test_every_process_has_its_own_key() -> None:
    assert self_signed_certificate(NOW).fingerprint != self_signed_certificate(NOW).fingerprint
    assert "PRIVATE" not in repr(self_signed_certificate(NOW))
