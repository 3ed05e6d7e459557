"""The certificate of last resort: made at start, for every name no Secret has one for.

It bears the names of that of ingress-nginx, by which people and their tests know what they see.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ingressd.compiler.certificates.certificate import fingerprint
from ingressd.routing.model import Certificate

_ORGANISATION = "Acme Co"
_COMMON_NAME = "Kubernetes Ingress Controller Fake Certificate"
_NAME = "ingress.local"  # RFC 6762: no public name ends so
_SLACK = timedelta(days=1)  # for clients whose clock is behind
_LIFETIME = timedelta(days=3650)  # longer than any process runs; no client trusts it anyway


def self_signed_certificate(now: float) -> Certificate:
    """An ECDSA P-256 certificate, valid from a day before ``now`` (seconds since the epoch)."""
    key = ec.generate_private_key(ec.SECP256R1())
    start = datetime.fromtimestamp(now, UTC) - _SLACK
    leaf = _build(start, start + _LIFETIME).public_key(key.public_key()).sign(key, hashes.SHA256())
    chain = leaf.public_bytes(Encoding.PEM)
    private_key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Certificate(
        fingerprint=fingerprint(chain, private_key),
        chain=chain,
        private_key=private_key,
        names=(_NAME,),
        not_after=leaf.not_valid_after_utc.timestamp(),
    )


def _build(start: datetime, end: datetime) -> x509.CertificateBuilder:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, _COMMON_NAME),
        ]
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(_NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
