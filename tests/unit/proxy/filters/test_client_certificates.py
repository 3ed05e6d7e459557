"""What a client is told that has not the right certificate."""

from __future__ import annotations

import ssl

import pytest
from msgspec import structs
from support.certificates import CertificateAuthority, KeyPair
from support.handshakes import shake_hands
from support.proxies import environment, route
from support.requests import Wire, client_connection, get
from support.tls_pods import material

from ingressd.proxy.client import openssl
from ingressd.proxy.client.answer import Answer
from ingressd.proxy.client.client_certificates import STRANGER, AskingContext, Demand, Identity
from ingressd.proxy.client.request import Request
from ingressd.proxy.environment import Environment
from ingressd.proxy.filters.client_certificates import (
    BAD_CERTIFICATE,
    FORBIDDEN,
    MISDIRECTED,
    NO_CERTIFICATE,
    UNAUTHORIZED,
    CertificateFilter,
    Judge,
    PlainFilter,
    demand_certificate,
    refuse_plain,
)
from ingressd.proxy.memory_file import memory_file
from ingressd.routing.delta import Delta
from ingressd.routing.global_policy import GlobalPolicy, HttpsRedirect
from ingressd.routing.model import Host, SecretMaterial
from ingressd.routing.policy import ClientCertificates, HostPolicy, VerifyClient

AUTHORITY = CertificateAuthority()
SERVER, CLIENT = AUTHORITY.leaf("a.test"), AUTHORITY.leaf("jane")
DER = ssl.PEM_cert_to_DER_cert(CLIENT.chain.decode())
JANE = Identity(DER, openssl.VERIFIED)
UNTRUSTED = Identity(DER, 20)
WANTED = ClientCertificates("default/clients")
SECRET = material(AUTHORITY, key="default/clients")
NEXT = material(AUTHORITY, SERVER, key="default/clients")
FORGED = b"SSL-Client-Verify: SUCCESS\r\nX-Own: 1\r\nssl-client-cert: x\r\n"


def surroundings(
    wanted: ClientCertificates | None, *secrets: SecretMaterial, exempt: str = ""
) -> Environment:
    made = environment()
    host = Host("a.test", policy=HostPolicy(client_certificates=wanted))
    policy = GlobalPolicy(https_redirect=HttpsRedirect(exempt=exempt))
    made.current.apply(Delta(1, reset=True, hosts=(host,), secrets=secrets, global_policy=policy))
    return made


def wanting(**fields: object) -> ClientCertificates:
    return structs.replace(WANTED, **fields)


@pytest.mark.parametrize(
    ("wanted", "identity", "expected"),
    [
        (WANTED, JANE, None),
        (WANTED, STRANGER, NO_CERTIFICATE),
        (WANTED, UNTRUSTED, BAD_CERTIFICATE),
        (wanting(verify=VerifyClient.OPTIONAL), STRANGER, None),
        (wanting(verify=VerifyClient.OPTIONAL), UNTRUSTED, BAD_CERTIFICATE),
        (wanting(verify=VerifyClient.OPTIONAL_NO_CA), UNTRUSTED, None),
        (wanting(match_cn="^CN=j"), JANE, None),
        (wanting(match_cn="ane$"), JANE, None),
        (wanting(match_cn="JANE"), JANE, UNAUTHORIZED),
        (wanting(match_cn="jane", verify=VerifyClient.OPTIONAL), STRANGER, UNAUTHORIZED),
    ],
)
async def test_who_may_pass(
    wanted: ClientCertificates, identity: Identity, expected: Answer | None
) -> None:
    assert Judge(wanted).judge(get(), identity) == expected


async def test_who_is_refused_connects_again_to_choose_another() -> None:
    request = get()
    Judge(WANTED).judge(request, STRANGER)
    assert not request.keep_alive


async def test_an_error_page_is_for_who_shows_none_or_a_bad_one() -> None:
    judge = Judge(wanting(error_page="https://a.test/why", match_cn="bob"))
    for identity in (STRANGER, UNTRUSTED):
        answer = judge.judge(get(), identity)
        assert answer is not None
        assert (answer.status, answer.lines) == (302, (b"Location: https://a.test/why\r\n",))
    assert judge.judge(get(), JANE) == UNAUTHORIZED


async def test_a_host_that_asks_for_nothing_pays_nothing() -> None:
    for made in (surroundings(None), environment()):
        assert demand_certificate(route(), made) is None
        assert refuse_plain(route(), made) is None


async def test_a_host_that_can_check_nobody_lets_nobody_in() -> None:
    forbid = demand_certificate(route(), surroundings(ClientCertificates("")))
    assert forbid is not None
    assert forbid(get(), None) == FORBIDDEN


@pytest.mark.parametrize(
    ("wanted", "exempt", "path", "is_refused"),
    [
        (WANTED, "", "/", True),
        (wanting(verify=VerifyClient.OFF), "", "/", False),
        (WANTED, "/.well-known/", "/.well-known/x", False),
        (WANTED, "/.well-known/", "/", True),
    ],
)
async def test_who_comes_without_tls_has_shown_none(
    wanted: ClientCertificates, exempt: str, path: str, is_refused: bool
) -> None:
    act = refuse_plain(route(path), surroundings(wanted, exempt=exempt))
    assert (act is not None) == is_refused
    if act is not None:
        assert isinstance(act, PlainFilter)
        assert act(get(client=client_connection("http")), None) == NO_CERTIFICATE
        assert act(get(client=client_connection("https")), None) is None


def certificate_filter(made: Environment) -> CertificateFilter:
    found = demand_certificate(route(), made)
    assert isinstance(found, CertificateFilter)
    return found


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_what_a_client_makes_up_reaches_no_pod(scheme: str) -> None:
    request = get(extra=FORGED, client=client_connection(scheme))
    certificate_filter(surroundings(WANTED, SECRET))(request, None)
    assert request.lines == [b"X-Own: 1\r\n"]


async def test_where_none_is_asked_for_pods_are_told_that_there_is_none() -> None:
    request = get(extra=FORGED, client=client_connection("https"))
    act = certificate_filter(surroundings(wanting(verify=VerifyClient.OFF)))
    assert act(request, None) is None
    assert request.lines == [b"X-Own: 1\r\n", b"ssl-client-verify: NONE\r\n"]


async def test_a_secret_that_is_gone_closes_the_host_and_opens_it_when_it_is_back() -> None:
    made = surroundings(WANTED)
    act = certificate_filter(made)
    assert act(get(client=client_connection("https")), None) == FORBIDDEN
    made.current.apply(Delta(2, secrets=(SECRET,)))
    assert act(get(client=client_connection("https")), None) == NO_CERTIFICATE


def asking(demand: Demand, *, is_able: bool = True) -> AskingContext:
    """A server's context that asks what a host demands."""
    context = AskingContext(ssl.PROTOCOL_TLS_SERVER)
    with memory_file(SERVER.chain) as chain, memory_file(SERVER.private_key) as key:
        context.load_cert_chain(chain, key)
    context.ask(demand, SECRET)
    context.is_able = is_able
    return context


def over(
    context: ssl.SSLContext, showing: KeyPair | None = CLIENT, server_name: str | None = "a.test"
) -> Request:
    """A request by a connection of a context."""
    client = client_connection("https")
    client.server_name = server_name
    connection = shake_hands(context, AUTHORITY.client_context(showing), "a.test")
    client.transport = Wire(ssl_object=connection)
    return get(extra=FORGED, client=client)


DEMAND = Demand("a.test", SECRET.key, SECRET.version, WANTED.depth)


@pytest.mark.parametrize("passes_on", [False, True])
async def test_pods_are_told_who_it_is(passes_on: bool) -> None:
    wanted = wanting(pass_to_upstream=passes_on)
    request = over(asking(DEMAND))
    assert certificate_filter(surroundings(wanted, SECRET))(request, None) is None
    told = JANE.certificate_lines if passes_on else JANE.lines
    assert request.lines == [b"X-Own: 1\r\n", *told]
    assert request.keep_alive


async def test_of_who_is_refused_nobody_is_told() -> None:
    request = over(asking(DEMAND), showing=None)
    assert certificate_filter(surroundings(WANTED, SECRET))(request, None) == NO_CERTIFICATE
    assert request.lines == [b"X-Own: 1\r\n"]


async def test_what_cannot_be_checked_lets_nobody_in() -> None:
    request = over(asking(DEMAND, is_able=False))
    assert certificate_filter(surroundings(WANTED, SECRET))(request, None) == FORBIDDEN


async def test_a_connection_of_before_the_secret_changed_serves_one_more_request() -> None:
    made = surroundings(WANTED, SECRET)
    act = certificate_filter(made)
    assert act(over(asking(DEMAND)), None) is None
    made.current.apply(Delta(2, secrets=(NEXT,)))
    request = over(asking(DEMAND))
    assert act(request, None) is None
    assert not request.keep_alive


@pytest.mark.parametrize(
    "context",
    [asking(structs.replace(DEMAND, host="b.test")), asking(structs.replace(DEMAND, secret="x"))],
)
async def test_a_connection_that_was_asked_for_something_else_is_misdirected(
    context: AskingContext,
) -> None:
    request = over(context)
    assert certificate_filter(surroundings(WANTED, SECRET))(request, None) == MISDIRECTED
    assert not request.keep_alive


async def test_a_connection_that_was_not_asked_is_misdirected_and_ends() -> None:
    request = get(client=client_connection("https"))
    request.client.server_name = "a.test"
    assert certificate_filter(surroundings(WANTED, SECRET))(request, None) == MISDIRECTED
    assert not request.keep_alive


@pytest.mark.parametrize("server_name", [None, "nobody.test"])
@pytest.mark.parametrize("verify", [VerifyClient.ON, VerifyClient.OPTIONAL])
async def test_a_connection_that_names_no_host_of_ours_shows_no_certificate(
    verify: VerifyClient, server_name: str | None
) -> None:
    """Not even one that the catch-all host has asked for."""
    made = surroundings(wanting(verify=verify, pass_to_upstream=True), SECRET)
    made.current.apply(Delta(2, hosts=(Host("", policy=HostPolicy(client_certificates=WANTED)),)))
    request = over(asking(structs.replace(DEMAND, host="")), server_name=server_name)
    refusal = certificate_filter(made)(request, None)
    if verify is VerifyClient.ON:
        assert refusal == NO_CERTIFICATE
        assert not request.keep_alive
    else:
        assert refusal is None
        assert request.lines == [b"X-Own: 1\r\n", b"ssl-client-verify: NONE\r\n"]
