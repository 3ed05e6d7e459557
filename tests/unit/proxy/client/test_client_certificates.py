"""What clients are asked for, and whom they turn out to be."""

from __future__ import annotations

import ssl
from urllib.parse import unquote

import pytest
from msgspec import structs
from support.certificates import CertificateAuthority, KeyPair
from support.handshakes import shake_hands
from support.tls_pods import material

from ingressd.proxy.client import openssl
from ingressd.proxy.client.client_certificates import (
    STRANGER,
    AskingContext,
    Demand,
    Identity,
    demand_of,
)
from ingressd.proxy.memory_file import memory_file
from ingressd.routing.delta import Delta
from ingressd.routing.model import Host, SecretMaterial
from ingressd.routing.policy import ClientCertificates, HostPolicy, VerifyClient
from ingressd.routing.table import Table

AUTHORITY = CertificateAuthority()
SERVER, JANE = AUTHORITY.leaf("a.test"), AUTHORITY.leaf("jane")
DER = ssl.PEM_cert_to_DER_cert(JANE.chain.decode())
EXPIRED, UNKNOWN_AUTHORITY = 10, 20
WANTED = ClientCertificates("default/clients", depth=3)
SECRET = SecretMaterial("default/clients", "v1", {})
DEMAND = Demand("a.test", "default/clients", "v1", 3)


def table(*secrets: SecretMaterial) -> Table:
    return Table.empty().apply(Delta(1, reset=True, secrets=secrets))


def host(wanted: ClientCertificates | None = WANTED) -> Host:
    return Host("a.test", policy=HostPolicy(client_certificates=wanted))


@pytest.mark.parametrize(
    ("asking", "expected"),
    [
        (host(), DEMAND),
        (None, None),
        (host(None), None),
        (host(structs.replace(WANTED, verify=VerifyClient.OFF)), None),
        (host(ClientCertificates("default/gone")), None),
    ],
)
def test_what_a_host_asks_for(asking: Host | None, expected: Demand | None) -> None:
    assert demand_of(asking, table(SECRET)) == expected


@pytest.mark.parametrize(
    ("other", "is_met"),
    [
        (structs.replace(DEMAND, version="v0"), True),
        (structs.replace(DEMAND, depth=1), True),
        (structs.replace(DEMAND, host="b.test"), False),
        (structs.replace(DEMAND, secret="default/other"), False),
        (None, False),
    ],
)
def test_a_demand_is_met_by_an_older_one_of_the_same_host_and_secret(
    other: Demand | None, is_met: bool
) -> None:
    assert DEMAND.is_met_by(other) == is_met


def test_the_version_of_a_secret_is_not_shown() -> None:
    assert repr(DEMAND) == "Demand('a.test', 'default/clients')"


@pytest.mark.parametrize(
    ("certificate", "result", "may_pass"),
    [
        (None, openssl.VERIFIED, {*VerifyClient}),
        (DER, openssl.VERIFIED, {*VerifyClient}),
        (DER, UNKNOWN_AUTHORITY, {VerifyClient.OPTIONAL_NO_CA}),
        (DER, EXPIRED, set()),
    ],
)
def test_which_certificate_is_good_enough(
    certificate: bytes | None, result: int, may_pass: set[VerifyClient]
) -> None:
    identity = Identity(certificate, result)
    assert {wanted for wanted in VerifyClient if identity.may_pass(wanted)} == may_pass


@pytest.mark.parametrize(
    ("result", "verdict"),
    [(openssl.VERIFIED, b"SUCCESS"), (EXPIRED, b"FAILED:certificate has expired")],
)
def test_what_pods_are_told_of_a_certificate(result: int, verdict: bytes) -> None:
    assert Identity(DER, result).lines == (
        b"ssl-client-verify: %b\r\n" % verdict,
        b"ssl-client-subject-dn: CN=jane\r\n",
        b"ssl-client-issuer-dn: CN=Test CA\r\n",
    )


def test_the_certificate_itself_is_told_on_one_line() -> None:
    identity = Identity(DER, openssl.VERIFIED)
    first, *others = identity.certificate_lines
    assert tuple(others) == identity.lines
    name, _, value = first.decode().partition(": ")
    assert name == "ssl-client-cert"
    assert value.endswith("\r\n")
    assert "\n" not in value[:-2]
    assert unquote(value[:-2]) == JANE.chain.decode()


def test_of_who_shows_none_only_that_is_told() -> None:
    assert STRANGER.lines == STRANGER.certificate_lines == (b"ssl-client-verify: NONE\r\n",)


def asking(revoked: tuple[KeyPair, ...] = ()) -> AskingContext:
    """A server's context that asks for certificates of the authority."""
    context = AskingContext(ssl.PROTOCOL_TLS_SERVER)
    with memory_file(SERVER.chain) as chain, memory_file(SERVER.private_key) as key:
        context.load_cert_chain(chain, key)
    made = material(AUTHORITY, key="default/clients")
    revocations = AUTHORITY.revocations(*revoked) if revoked else b""
    entries = {**made.entries, "ca.crl": revocations}
    context.ask(DEMAND, SecretMaterial(made.key, made.version, entries))
    return context


def identity_of(showing: KeyPair | None, context: AskingContext) -> Identity:
    connection = shake_hands(context, AUTHORITY.client_context(showing), "a.test")
    identity = context.identity(connection)
    assert context.identity(connection) is identity, "it is found out once"
    return identity


@pytest.mark.parametrize(
    ("showing", "subject", "is_good"),
    [
        (JANE, "CN=jane", True),
        (CertificateAuthority("X").leaf("mallory"), "CN=mallory", False),
        (AUTHORITY.leaf("old", expired=True), "CN=old", False),
    ],
)
def test_any_client_connects_and_it_is_known_who_it_is(
    showing: KeyPair, subject: str, is_good: bool
) -> None:
    identity = identity_of(showing, asking())
    assert identity.subject == subject
    assert (identity.result == openssl.VERIFIED) == is_good


def test_who_shows_none_is_a_stranger() -> None:
    assert identity_of(None, asking()) is STRANGER


def test_what_is_revoked_is_no_good() -> None:
    assert identity_of(JANE, asking(revoked=(AUTHORITY.leaf("x"),))).result == openssl.VERIFIED
    revoked = identity_of(JANE, asking(revoked=(JANE,)))
    assert not revoked.may_pass(VerifyClient.OPTIONAL_NO_CA)


def test_a_context_is_not_able_before_it_asks_or_without_authorities() -> None:
    context = AskingContext(ssl.PROTOCOL_TLS_SERVER)
    assert not context.is_able
    with pytest.raises(ssl.SSLError):
        context.ask(DEMAND, SecretMaterial("default/clients", "v1", {}))
    assert (context.is_able, context.demand) == (False, DEMAND)
    assert asking().is_able
