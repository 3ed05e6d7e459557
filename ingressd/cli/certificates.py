"""Example certificates: a CA of its own, a leaf for some names, and the Secret that holds the leaf.

For the demo, the examples and the benchmark. The CA's private key is forgotten at once, so that
nobody can sign anything else with a CA that somebody has trusted for a test.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

CA_NAME = "ingressd example CA"
CLOCK_SKEW = timedelta(minutes=5)

TLS_SECRET = """\
apiVersion: v1
kind: Secret
metadata:
  name: {name}
  namespace: {namespace}
type: kubernetes.io/tls
data:
  tls.crt: {certificate}
  tls.key: {key}
"""


class ExampleCertificate(Struct, frozen=True):
    """PEM of a CA, of a certificate it signed, and of that certificate's key (not in ``repr``)."""

    authority: bytes
    certificate: bytes
    private_key: bytes
    names: tuple[str, ...]

    def secret_manifest(self, name: str, namespace: str = "default") -> str:
        """The kubernetes.io/tls Secret as YAML."""
        return TLS_SECRET.format(
            name=name,
            namespace=namespace,
            certificate=base64.b64encode(self.certificate).decode(),
            key=base64.b64encode(self.private_key).decode(),
        )

    def __repr__(self) -> str:
        return f"ExampleCertificate(names={self.names!r})"


def make_example_certificate(
    names: Sequence[str], *, now: datetime | None = None, days: int = 90
) -> ExampleCertificate:
    """A new CA and a certificate for ``names`` (DNS names, ``*.parent`` or IP addresses).

    Raises ValueError when there is no name or one cannot stand in a certificate.
    """
    if not names:
        raise ValueError("a certificate needs at least one name")
    start = (now or datetime.now(UTC)) - CLOCK_SKEW
    ca_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _sign_authority(ca_key, start, days)
    leaf = _sign_leaf(authority, ca_key, leaf_key.public_key(), names)
    return ExampleCertificate(
        authority=authority.public_bytes(Encoding.PEM),
        certificate=leaf.public_bytes(Encoding.PEM),
        private_key=leaf_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        names=tuple(names),
    )


def _sign_authority(
    key: ec.EllipticCurvePrivateKey, start: datetime, days: int
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, CA_NAME)])
    builder = (
        _builder(name, name, key.public_key(), start, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(certificate_sign=True), critical=True)
    )
    return builder.sign(key, hashes.SHA256())


def _sign_leaf(
    authority: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    public_key: ec.EllipticCurvePublicKey,
    names: Sequence[str],
) -> x509.Certificate:
    start = authority.not_valid_before_utc
    days = (authority.not_valid_after_utc - start).days
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    builder = (
        _builder(subject, authority.subject, public_key, start, days)
        .add_extension(x509.SubjectAlternativeName(map(_general_name, names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(certificate_sign=False), critical=True)
        .add_extension(usage, critical=False)
        .add_extension(issuer_id, critical=False)
    )
    return builder.sign(ca_key, hashes.SHA256())


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    start: datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _key_usage(*, certificate_sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=certificate_sign,
        crl_sign=certificate_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode() if not name.isascii() else name)
