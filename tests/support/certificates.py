"""Certificates for tests: a CA, leaves that it signs, and the routing model's form of them."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import ssl
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from msgspec import Struct

from ingressd.proxy.memory_file import memory_file
from ingressd.routing.model import Certificate

SanType: TypeAlias = x509.DNSName | x509.IPAddress


class KeyPair(Struct, frozen=True):
    """A PEM chain with the PEM key of its first certificate."""

    chain: bytes
    private_key: bytes
    names: tuple[str, ...]
    not_after: float

    def as_certificate(self, secret: str = "") -> Certificate:
        """What a worker gets for it."""
        return Certificate(
            fingerprint=hashlib.sha256(self.chain + self.private_key).hexdigest(),
            chain=self.chain,
            private_key=self.private_key,
            names=self.names,
            not_after=self.not_after,
            secret=secret,
        )


class CertificateAuthority:
    """Signs leaves with EC keys; making one of either takes less than a millisecond. One without
    ``issuer`` is a root."""

    def __init__(
        self, common_name: str = "Test CA", issuer: CertificateAuthority | None = None
    ) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _common_name(common_name)
        signer = issuer or self
        start, end = _validity(days=1)
        self._certificate = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(signer._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(signer._key, hashes.SHA256())
        )

    @property
    def pem(self) -> bytes:
        """The certificate of the authority itself."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def leaf(self, *names: str, expired: bool = False, password: bytes | None = None) -> KeyPair:
        """A server certificate for DNS names (``*.parent`` too) and IP literals."""
        key = ec.generate_private_key(ec.SECP256R1())
        start, end = _validity(days=-1 if expired else 1)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_common_name(names[0]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(
                x509.SubjectAlternativeName([_general_name(name) for name in names]),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        return KeyPair(
            chain=certificate.public_bytes(serialization.Encoding.PEM),
            private_key=_pem_key(key, password),
            names=names,
            not_after=end.timestamp(),
        )

    def revocations(self, *pairs: KeyPair) -> bytes:
        """A list, PEM, of the certificates that this authority has revoked."""
        start, end = _validity(days=1)
        revoked = x509.CertificateRevocationListBuilder().issuer_name(self._name)
        revoked = revoked.last_update(start).next_update(end)
        for pair in pairs:
            entry = x509.RevokedCertificateBuilder().revocation_date(start)
            entry = entry.serial_number(x509.load_pem_x509_certificate(pair.chain).serial_number)
            revoked = revoked.add_revoked_certificate(entry.build())
        return revoked.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def client_context(self, showing: KeyPair | None = None) -> ssl.SSLContext:
        """A client that trusts this root, checks names, and may have a certificate to show."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=self.pem.decode())
        if showing is not None:
            with memory_file(showing.chain) as chain, memory_file(showing.private_key) as key:
                context.load_cert_chain(chain, key)
        return context


def subject_names(der: bytes) -> tuple[str, ...]:
    """The DNS names of a certificate as a peer sent it (``getpeercert(binary_form=True)``)."""
    names = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    return tuple(names.value.get_values_for_type(x509.DNSName))


def _validity(*, days: int) -> tuple[datetime.datetime, datetime.datetime]:
    """From a month ago to ``days`` from now."""
    now = datetime.datetime.now(datetime.UTC)
    return now - datetime.timedelta(days=30), now + datetime.timedelta(days=days)


def _common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(name: str) -> SanType:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem_key(key: ec.EllipticCurvePrivateKey, password: bytes | None) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption(),
    )
