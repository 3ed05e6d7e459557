"""Certificates of clients: who may pass, what the others are told, and what pods learn."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from urllib.parse import quote

import msgspec
import pytest
from support.certificates import CertificateAuthority, KeyPair
from support.clients import Response, connect, fetch
from support.pods import Received, echo, pod
from support.proxies import Running, proxy, route, upstream
from support.tls_pods import material
from support.websockets import UPGRADE

from ingressd.routing.delta import Delta
from ingressd.routing.model import Host, SecretMaterial
from ingressd.routing.policy import (
    ClientCertificates,
    ExternalAuth,
    HostPolicy,
    Policy,
    Redirect,
    VerifyClient,
)

AUTHORITY = CertificateAuthority()
STRANGER = CertificateAuthority("Somebody else")
SERVER = AUTHORITY.leaf("a.test", "b.test")
ANY = AUTHORITY.leaf("c.test")
CLIENT = AUTHORITY.leaf("jane")
UNKNOWN = STRANGER.leaf("mallory")
EXPIRED = AUTHORITY.leaf("old", expired=True)
SECRET = "default/clients"
WANTED = ClientCertificates(SECRET)
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)

NONE_SENT = b"400 No required SSL certificate was sent\n"
BAD_SENT = b"400 The SSL certificate error\n"
SPOOFED = b"Ssl-Client-Verify: SUCCESS\r\nssl-client-cert: x\r\nSSL-CLIENT-SUBJECT-DN: CN=root\r\n"


def secret(authority: CertificateAuthority = AUTHORITY, crl: bytes = b"") -> SecretMaterial:
    made = material(authority, key=SECRET)
    if not crl:
        return made
    return SecretMaterial(SECRET, f"{made.version}, revoking", {**made.entries, "ca.crl": crl})


def table(port: int, wanted: ClientCertificates | None = WANTED, **fields: object) -> Delta:
    """Host a.test asks for certificates, host b.test does not; both have the same one to show."""
    certificate = SERVER.as_certificate()
    delta = Delta(
        1,
        reset=True,
        hosts=(
            Host("a.test", (route(),), policy=HostPolicy(client_certificates=wanted)),
            Host("b.test", (route(host="b.test"),)),
        ),
        upstreams=(upstream([port]),),
        certificates=(certificate,),
        bindings={"a.test": certificate.fingerprint, "b.test": certificate.fingerprint},
        secrets=(secret(),),
    )
    return msgspec.structs.replace(delta, **fields)


async def ask(
    running: Running,
    pair: KeyPair | None = CLIENT,
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    *,
    server_name: str | None = "a.test",
    host: bytes = b"a.test",
    extra: bytes = b"",
) -> Response:
    context = AUTHORITY.client_context(pair)
    context.maximum_version = version
    context.check_hostname = server_name is not None  # an address is not sent as SNI
    async with connect(running.tls_port, tls=context, server_name=server_name) as client:
        return await client.get(host=host, extra=extra)


def told(received: Received) -> dict[bytes, bytes]:
    return {
        name.lower(): value
        for name, value in received.headers
        if name.lower().startswith(b"ssl-client")
    }


@pytest.mark.parametrize("version", VERSIONS)
async def test_only_who_shows_a_good_certificate_may_pass(version: ssl.TLSVersion) -> None:
    async with pod(echo) as web, proxy(table(web.port)) as running:
        assert (await ask(running, CLIENT, version)).status == 200
        for pair, reason in ((None, NONE_SENT), (UNKNOWN, BAD_SENT), (EXPIRED, BAD_SENT)):
            refused = await ask(running, pair, version)
            assert (refused.status, refused.body) == (400, reason)
            assert refused.value(b"connection") == b"close"
    assert len(web.requests) == 1


async def test_pods_learn_who_it_is_and_nothing_that_the_client_makes_up() -> None:
    wanted = msgspec.structs.replace(WANTED, pass_to_upstream=True)
    async with pod(echo) as web, proxy(table(web.port, wanted)) as running:
        assert (await ask(running, extra=SPOOFED)).status == 200
    assert told(web.requests[0]) == {
        b"ssl-client-verify": b"SUCCESS",
        b"ssl-client-subject-dn": b"CN=jane",
        b"ssl-client-issuer-dn": b"CN=Test CA",
        b"ssl-client-cert": quote(CLIENT.chain.decode(), safe="").encode(),
    }


async def test_the_certificate_itself_is_sent_only_where_that_is_asked_for() -> None:
    async with pod(echo) as web, proxy(table(web.port)) as running:
        await ask(running, extra=SPOOFED)
    assert set(told(web.requests[0])) == {
        b"ssl-client-verify",
        b"ssl-client-subject-dn",
        b"ssl-client-issuer-dn",
    }


@pytest.mark.parametrize(
    ("verify", "pair", "status", "verdict"),
    [
        (VerifyClient.OFF, None, 200, b"NONE"),
        (VerifyClient.OFF, CLIENT, 200, b"NONE"),
        (VerifyClient.OPTIONAL, None, 200, b"NONE"),
        (VerifyClient.OPTIONAL, CLIENT, 200, b"SUCCESS"),
        (VerifyClient.OPTIONAL, UNKNOWN, 400, b""),
        (VerifyClient.OPTIONAL_NO_CA, None, 200, b"NONE"),
        (VerifyClient.OPTIONAL_NO_CA, CLIENT, 200, b"SUCCESS"),
        (VerifyClient.OPTIONAL_NO_CA, EXPIRED, 400, b""),
        (
            VerifyClient.OPTIONAL_NO_CA,
            UNKNOWN,
            200,
            b"FAILED:unable to verify the first certificate",
        ),
    ],
)
async def test_a_certificate_may_be_optional(
    verify: VerifyClient, pair: KeyPair | None, status: int, verdict: bytes
) -> None:
    wanted = msgspec.structs.replace(WANTED, verify=verify)
    async with pod(echo) as web, proxy(table(web.port, wanted)) as running:
        assert (await ask(running, pair, extra=SPOOFED)).status == status
    assert [told(each)[b"ssl-client-verify"] for each in web.requests] == [verdict][: status == 200]


@pytest.mark.parametrize(("depth", "status"), [(1, 400), (2, 200)])
async def test_the_chain_is_bounded(depth: int, status: int) -> None:
    upper = CertificateAuthority("Upper", AUTHORITY)
    lower = CertificateAuthority("Lower", upper)
    leaf = lower.leaf("jane")
    pair = msgspec.structs.replace(leaf, chain=leaf.chain + lower.pem + upper.pem)
    wanted = msgspec.structs.replace(WANTED, depth=depth)
    async with pod(echo) as web, proxy(table(web.port, wanted)) as running:
        assert (await ask(running, pair)).status == status


async def test_a_revoked_certificate_is_bad() -> None:
    crl = AUTHORITY.revocations(CLIENT)
    async with pod(echo) as web, proxy(table(web.port, secrets=(secret(crl=crl),))) as running:
        assert (await ask(running, CLIENT)).body == BAD_SENT
        assert (await ask(running, AUTHORITY.leaf("joe"))).status == 200


@pytest.mark.parametrize(
    ("expression", "status"),
    [("CN=jane", 200), ("CN=(joe|jane)", 200), ("CN=ja", 200), ("CN=Jane", 403), ("CN=joe", 403)],
)
async def test_the_subject_must_match(expression: str, status: int) -> None:
    wanted = msgspec.structs.replace(WANTED, match_cn=expression)
    async with pod(echo) as web, proxy(table(web.port, wanted)) as running:
        assert (await ask(running)).status == status
    assert len(web.requests) == (status == 200)


async def test_without_a_certificate_no_subject_matches() -> None:
    wanted = ClientCertificates(SECRET, VerifyClient.OPTIONAL, match_cn="CN=")
    async with pod(echo) as web, proxy(table(web.port, wanted)) as running:
        refused = await ask(running, None)
    assert (refused.status, refused.body) == (403, b"403 client certificate unauthorized\n")


async def test_who_is_refused_may_be_sent_elsewhere() -> None:
    page = "https://help.test/certificates?from=a"
    wanted = msgspec.structs.replace(WANTED, error_page=page)
    async with pod(echo) as web, proxy(table(web.port, wanted)) as running:
        for pair in (None, UNKNOWN):
            sent = await ask(running, pair)
            assert (sent.status, sent.value(b"location")) == (302, page.encode())
        assert (await ask(running, CLIENT)).status == 200


async def test_another_host_is_no_way_around() -> None:
    """The connection of b.test was asked for nothing, with or without a certificate at hand."""
    async with pod(echo) as web, proxy(table(web.port)) as running:
        for pair in (None, CLIENT):
            misdirected = await ask(running, pair, server_name="b.test")
            assert misdirected.status == 421
            assert misdirected.value(b"connection") == b"close"
        assert (await ask(running, None, server_name="b.test", host=b"b.test")).status == 200
    assert len(web.requests) == 1


@pytest.mark.parametrize("server_name", [None, "c.test"])
async def test_who_names_no_host_of_ours_has_shown_no_certificate(server_name: str | None) -> None:
    """As with nginx; the certificate at hand is not even asked for."""
    table_of = functools.partial(table, default_certificate=ANY.as_certificate().fingerprint)
    certificates = (SERVER.as_certificate(), ANY.as_certificate())
    async with pod(echo) as web:
        async with proxy(table_of(web.port, certificates=certificates)) as running:
            for pair in (None, CLIENT):
                refused = await ask(running, pair, server_name=server_name, extra=SPOOFED)
                assert (refused.status, refused.body) == (400, NONE_SENT)
        page = "https://help.test/"
        wanted = msgspec.structs.replace(WANTED, error_page=page)
        async with proxy(table_of(web.port, wanted, certificates=certificates)) as running:
            sent = await ask(running, server_name=server_name)
            assert (sent.status, sent.value(b"location")) == (302, page.encode())
        assert not web.requests
        for verify in (VerifyClient.OPTIONAL, VerifyClient.OPTIONAL_NO_CA):
            wanted = msgspec.structs.replace(WANTED, verify=verify, pass_to_upstream=True)
            async with proxy(table_of(web.port, wanted, certificates=certificates)) as running:
                assert (await ask(running, server_name=server_name, extra=SPOOFED)).status == 200
    assert [told(each) for each in web.requests] == [{b"ssl-client-verify": b"NONE"}] * 2


def resume(
    port: int, context: ssl.SSLContext, session: ssl.SSLSession
) -> tuple[bool | None, bytes]:
    """Whether a session is taken up by who names a.test, and what is answered then."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as raw,
        context.wrap_socket(raw, server_hostname="a.test", session=session) as client,
    ):
        client.sendall(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        return client.session_reused, client.recv(4096)


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_session_from_without_a_name_is_no_way_around(version: ssl.TLSVersion) -> None:
    context = AUTHORITY.client_context()
    context.maximum_version = version
    context.check_hostname = False
    delta = table(0, default_certificate=SERVER.as_certificate().fingerprint)
    async with proxy(delta) as running:
        async with connect(running.tls_port, tls=context) as client:
            assert (await client.get()).status == 400
            session = client.writer.get_extra_info("ssl_object").session
        is_resumed, answer = await asyncio.to_thread(resume, running.tls_port, context, session)
    assert not is_resumed
    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_equal_demands_of_two_hosts_share_nothing() -> None:
    policy = HostPolicy(client_certificates=WANTED)
    hosts = tuple(Host(name, (route(host=name),), policy=policy) for name in ("a.test", "b.test"))
    async with pod(echo) as web, proxy(table(web.port, hosts=hosts)) as running:
        assert (await ask(running, server_name="b.test")).status == 421
        assert (await ask(running, server_name="b.test", host=b"b.test")).status == 200


@pytest.mark.parametrize("version", VERSIONS)
async def test_no_session_is_resumed(version: ssl.TLSVersion) -> None:
    context = AUTHORITY.client_context(CLIENT)
    context.maximum_version = version
    async with pod(echo) as web, proxy(table(web.port)) as running:
        async with connect(running.tls_port, tls=context, server_name="a.test") as client:
            assert (await client.get()).status == 200
            session = client.writer.get_extra_info("ssl_object").session
        assert not (session.has_ticket or session.id)


async def test_without_tls_there_is_no_certificate() -> None:
    async with pod(echo) as web, proxy(table(web.port)) as running:
        refused = await fetch(running.port)
    assert (refused.status, refused.body) == (400, NONE_SENT)


async def test_a_challenge_is_answered_without_tls_by_a_rule_of_its_own() -> None:
    path = "/.well-known/acme-challenge/token"
    routes = (route(path), route())
    host = Host("a.test", routes, policy=HostPolicy(client_certificates=WANTED))
    async with pod(echo) as web, proxy(table(web.port, hosts=(host,))) as running:
        assert (await fetch(running.port, path.encode())).status == 200
        assert (await fetch(running.port, b"/.well-known/acme-challenge/other")).status == 400


@pytest.mark.parametrize("material", [None, {"ca.crt": b"x"}, {"ca.crt": SERVER.private_key}])
async def test_where_nothing_can_be_checked_nobody_may_pass(material: dict[str, bytes]) -> None:
    secrets = (SecretMaterial(SECRET, "1", material),) if material is not None else ()
    async with pod(echo) as web, proxy(table(web.port, secrets=secrets)) as running:
        assert (await ask(running)).status == 403
        assert (await fetch(running.port)).status == 400
    assert not web.requests


async def test_a_closed_host_lets_nobody_in() -> None:
    async with pod(echo) as web, proxy(table(web.port, ClientCertificates(""))) as running:
        assert (await ask(running)).status == 403
        assert (await fetch(running.port)).status == 403
    assert not web.requests


async def test_a_new_list_of_authorities_counts_from_the_next_connection_on() -> None:
    async with pod(echo) as web, proxy(table(web.port)) as running:
        context = AUTHORITY.client_context(CLIENT)
        async with connect(running.tls_port, tls=context, server_name="a.test") as client:
            assert (await client.get()).status == 200
            running.apply(Delta(0, secrets=(secret(STRANGER),)))
            last = await client.get()
            assert (last.status, last.value(b"connection")) == (200, b"close")
        assert (await ask(running, CLIENT)).body == BAD_SENT
        assert (await ask(running, UNKNOWN)).status == 200


async def test_a_connection_from_before_the_demand_is_not_let_in() -> None:
    async with pod(echo) as web, proxy(table(web.port, None)) as running:
        context = AUTHORITY.client_context(CLIENT)
        async with connect(running.tls_port, tls=context, server_name="a.test") as client:
            assert (await client.get()).status == 200
            running.apply(Delta(0, hosts=table(web.port).hosts))
            assert (await client.get()).status == 421
        assert (await ask(running)).status == 200


async def test_the_client_is_told_whose_certificates_count() -> None:
    """So that a browser offers those alone (RFC 8446 section 4.2.4)."""
    asked: list[bytes] = []
    context = AUTHORITY.client_context(CLIENT)
    context._msg_callback = lambda *message: asked.append(message[-1])  # type: ignore[attr-defined]
    async with (
        pod(echo) as web,
        proxy(table(web.port)) as running,
        connect(running.tls_port, tls=context, server_name="a.test"),
    ):
        assert any(b"Test CA" in message and message[:1] == b"\x0d" for message in asked)


async def test_a_service_that_is_asked_learns_who_it_is_too() -> None:
    async with pod(echo) as service, pod(echo) as web:
        asking = Policy(external_auth=ExternalAuth(f"http://127.0.0.1:{service.port}/"))
        policy = HostPolicy(client_certificates=WANTED)
        host = Host("a.test", (route(policy=asking),), policy=policy)
        async with proxy(table(web.port, hosts=(host,))) as running:
            assert (await ask(running, extra=SPOOFED)).status == 200
            assert (await ask(running, None, extra=SPOOFED)).status == 400
    (asked,) = service.requests
    assert told(asked) == told(web.requests[0])
    assert told(asked)[b"ssl-client-subject-dn"] == b"CN=jane"


async def test_nobody_is_redirected_without_a_certificate() -> None:
    policy = HostPolicy(client_certificates=WANTED)
    leading = route(policy=Policy(redirect=Redirect("https://b.test/secret")))
    host = Host("a.test", (leading,), policy=policy)
    async with pod(echo) as web, proxy(table(web.port, hosts=(host,))) as running:
        assert (await ask(running, None)).status == 400
        assert (await ask(running)).status == 302


async def test_no_websocket_is_opened_without_a_certificate() -> None:
    async with pod(echo) as web, proxy(table(web.port)) as running:
        assert (await ask(running, None, extra=UPGRADE)).status == 400
    assert not web.requests
