"""Certificates of clients: what a connection was asked for, and whom it turned out to be."""

from __future__ import annotations

import ssl
from functools import cached_property
from urllib.parse import quote
from weakref import WeakKeyDictionary

from msgspec import Struct

from ingressd.proxy.client import openssl
from ingressd.proxy.headers import line
from ingressd.proxy.memory_file import memory_file
from ingressd.routing.model import Host, SecretMaterial
from ingressd.routing.policy import VerifyClient
from ingressd.routing.table import Table

CA_CERTIFICATES = "ca.crt"
CA_REVOCATIONS = "ca.crl"

_NOBODY_VOUCHES = frozenset({18, 19, 20, 21, 27})
"""OpenSSL's errors for an authority that is not known: nginx lets ``optional_no_ca`` have these."""


class Demand(Struct, frozen=True):
    """What clients of one host are asked for: only connections of the same demand share a context.

    ``version`` is that of the Secret; it must not be shown.
    """

    host: str
    secret: str
    version: str
    depth: int

    def __repr__(self) -> str:
        return f"Demand({self.host!r}, {self.secret!r})"

    def is_met_by(self, other: Demand | None) -> bool:
        """Whether the other one is of the same host, if perhaps of before its Secret changed."""
        return other is not None and (self.host, self.secret) == (other.host, other.secret)


class Identity:
    """Who a client is. ``result`` is what OpenSSL says of the certificate, which is None where the
    client showed none."""

    def __init__(self, certificate: bytes | None, result: int) -> None:
        self.certificate = certificate
        self.result = result
        self.subject, self.issuer = openssl.names_in(certificate) if certificate else ("", "")

    def may_pass(self, wanted: VerifyClient) -> bool:
        """Whether that is good enough (nginx ``ssl_verify_client``); none at all may have to do."""
        if self.certificate is None or self.result == openssl.VERIFIED:
            return True
        return wanted is VerifyClient.OPTIONAL_NO_CA and self.result in _NOBODY_VOUCHES

    @cached_property
    def lines(self) -> tuple[bytes, ...]:
        """What pods are told of it; as in nginx, a field without a value is left out."""
        lines = [line(b"ssl-client-verify", self._verdict.encode())]
        if self.subject:
            lines.append(line(b"ssl-client-subject-dn", self.subject.encode()))
        if self.issuer:
            lines.append(line(b"ssl-client-issuer-dn", self.issuer.encode()))
        return tuple(lines)

    @cached_property
    def certificate_lines(self) -> tuple[bytes, ...]:
        """The same with the certificate itself, PEM and URL-encoded."""
        if self.certificate is None:
            return self.lines
        pem = quote(ssl.DER_cert_to_PEM_cert(self.certificate), safe="")
        return (line(b"ssl-client-cert", pem.encode()), *self.lines)

    @property
    def _verdict(self) -> str:
        if self.certificate is None:
            return "NONE"
        if self.result == openssl.VERIFIED:
            return "SUCCESS"
        return f"FAILED:{openssl.result_text(self.result)}"


STRANGER = Identity(None, openssl.VERIFIED)
"""Who shows no certificate."""


class AskingContext(ssl.SSLContext):
    """A server's context that asks clients for certificates; handshakes succeed without a good one.

    ``demand`` is what it asks for. It ``is_able`` unless that cannot be checked.
    """

    demand: Demand | None = None
    is_able = False

    def ask(self, demand: Demand, material: SecretMaterial) -> None:
        """Begin to ask. Raises OSError, ValueError and HiddenOpenSslError."""
        self._identities: WeakKeyDictionary[ssl.SSLObject, Identity] = WeakKeyDictionary()
        self.demand = demand
        authorities = material.entries.get(CA_CERTIFICATES, b"")
        revocations = material.entries.get(CA_REVOCATIONS, b"")
        with memory_file(authorities + b"\n" + revocations) as path:
            self.load_verify_locations(path)
        if revocations.strip():
            self.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
        self.verify_mode = ssl.CERT_OPTIONAL
        with memory_file(authorities) as path:
            openssl.forgive(self, path, demand.depth)
        self.is_able = True

    def identity(self, connection: ssl.SSLObject) -> Identity:
        """Who is at the other end of a connection of this context."""
        known = self._identities.get(connection)
        if known is None:
            known = self._identities[connection] = self._identify(connection)
        return known

    def _identify(self, connection: ssl.SSLObject) -> Identity:
        certificate = connection.getpeercert(binary_form=True)
        return Identity(certificate, openssl.result_of(connection)) if certificate else STRANGER


def demand_of(host: Host | None, table: Table) -> Demand | None:
    """What clients of a host are asked for; None where they are not, or all are refused."""
    wanted = host.policy.client_certificates if host is not None else None
    if host is None or wanted is None or wanted.verify is VerifyClient.OFF:
        return None
    material = table.secrets.get(wanted.secret)
    if material is None:
        return None
    return Demand(host.name, material.key, material.version, wanted.depth)
