"""The assembled proxy over TLS: certificates, rotation, redirects, and what a pod is told."""

from __future__ import annotations

import asyncio
import socket
import ssl

import aiohttp
import msgspec
import pytest
from support.certificates import CertificateAuthority, KeyPair, subject_names
from support.clients import Client, Response, connect, fetch
from support.pods import CUT_SHORT, Visit, pod
from support.proxies import SETTINGS, STREAMED, Running, proxy, route, upstream
from support.websockets import ASK, SWITCH, converse, websocket_pod

from ingressd.routing.delta import Delta
from ingressd.routing.model import Host
from ingressd.routing.policy import DEFAULT_POLICY, Policy, TlsRedirect

AUTHORITY = CertificateAuthority()
TRUSTING = AUTHORITY.client_context()
EXACT = AUTHORITY.leaf("a.test")
WILDCARD = AUTHORITY.leaf("*.wild.test")
DEFAULT = AUTHORITY.leaf("default.test")


def careless() -> ssl.SSLContext:
    """A client that takes any certificate, to see which one it gets."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def certificates(**bound: KeyPair) -> dict[str, object]:
    """Fields of a delta that bind ``a_test`` to a certificate for a.test, and so on."""
    pairs = {name.replace("_", ".").replace("any", "*"): pair for name, pair in bound.items()}
    forms = {name: pair.as_certificate() for name, pair in pairs.items()}
    return {
        "certificates": tuple(forms.values()),
        "bindings": {name: form.fingerprint for name, form in forms.items()},
    }


def table(ports: list[int], policy: Policy = DEFAULT_POLICY, **fields: object) -> Delta:
    """Host a.test with TLS, and the default certificate."""
    host = Host("a.test", (route(policy=policy),), has_tls=True)
    default = DEFAULT.as_certificate()
    delta = Delta(
        1,
        reset=True,
        hosts=(host,),
        upstreams=(upstream(ports),),
        default_certificate=default.fingerprint,
    )
    fields = {**certificates(a_test=EXACT), **fields}
    fields["certificates"] = (*fields["certificates"], default)  # type: ignore[misc]
    return msgspec.structs.replace(delta, **fields)


def served_names(client: Client) -> tuple[str, ...]:
    """The names in the certificate that the client was shown."""
    return subject_names(client.writer.get_extra_info("ssl_object").getpeercert(binary_form=True))


async def names_for(running: Running, server_name: str | None) -> tuple[str, ...]:
    async with connect(running.tls_port, tls=careless(), server_name=server_name or "") as client:
        return served_names(client)


@pytest.mark.parametrize(
    ("server_name", "expected"),
    [
        ("a.test", EXACT),
        ("A.TEST", EXACT),
        ("x.wild.test", WILDCARD),
        ("y.x.wild.test", DEFAULT),
        ("wild.test", DEFAULT),
        ("unknown.test", DEFAULT),
        (None, DEFAULT),
    ],
)
async def test_sni_picks_the_certificate(server_name: str | None, expected: KeyPair) -> None:
    bound = certificates(a_test=EXACT, any_wild_test=WILDCARD)
    async with proxy(table([], **bound)) as running:
        assert await names_for(running, server_name) == expected.names


async def test_an_exact_binding_beats_the_wildcard() -> None:
    own = AUTHORITY.leaf("own.wild.test")
    bound = certificates(own_wild_test=own, any_wild_test=WILDCARD)
    async with proxy(table([], **bound)) as running:
        assert await names_for(running, "own.wild.test") == own.names
        assert await names_for(running, "other.wild.test") == WILDCARD.names


async def test_only_http_1_1_is_negotiated() -> None:
    context = careless()
    context.set_alpn_protocols(["h2", "http/1.1"])
    async with (
        proxy(table([])) as running,
        connect(running.tls_port, tls=context, server_name="a.test") as client,
    ):
        negotiated = client.writer.get_extra_info("ssl_object").selected_alpn_protocol()
    assert negotiated == "http/1.1"


async def test_rotation_is_live_and_open_connections_stay() -> None:
    fresh = AUTHORITY.leaf("a.test", "fresh.test")
    async with (
        pod() as web_pod,
        proxy(table([web_pod.port])) as running,
        connect(running.tls_port, tls=TRUSTING, server_name="a.test") as old,
    ):
        assert (await old.get(b"/before")).body == b"/before"
        removed = (EXACT.as_certificate().fingerprint,)
        running.apply(Delta(0, removed_certificates=removed, **certificates(a_test=fresh)))  # type: ignore[arg-type]
        assert await names_for(running, "a.test") == fresh.names
        assert (await old.get(b"/after")).body == b"/after"
        assert served_names(old) == EXACT.names


async def test_a_certificate_that_is_removed_gives_way_to_the_default() -> None:
    async with proxy(table([])) as running:
        running.apply(
            Delta(
                0,
                removed_certificates=(EXACT.as_certificate().fingerprint,),
                removed_bindings=("a.test",),
            )
        )
        assert await names_for(running, "a.test") == DEFAULT.names


async def test_the_pod_is_told_that_the_client_came_by_tls() -> None:
    settings = msgspec.structs.replace(SETTINGS, https_port=8443)
    async with (
        pod() as web_pod,
        proxy(table([web_pod.port]), settings) as running,
        connect(running.tls_port, tls=TRUSTING, server_name="a.test") as client,
    ):
        await client.get()
    seen = web_pod.requests[0]
    assert seen.values(b"X-Forwarded-Proto") == [b"https"]
    assert seen.values(b"X-Forwarded-Scheme") == [b"https"]
    assert seen.values(b"X-Scheme") == [b"https"]
    assert seen.values(b"X-Forwarded-Port") == [b"443"]
    assert seen.values(b"X-Forwarded-Host") == [b"a.test"]


# Redirects.


async def redirected(
    delta: Delta, path: bytes = b"/x", host: bytes = b"a.test", https_port: int = 443
) -> Response:
    settings = msgspec.structs.replace(SETTINGS, https_port=https_port)
    async with proxy(delta, settings) as running:
        return await fetch(running.port, path, host)


@pytest.mark.parametrize(
    ("path", "location"),
    [
        (b"/x?y=%2F&&z", b"https://a.test/x?y=%2F&&z"),
        (b"/a%2Fb/../c", b"https://a.test/a%2Fb/../c"),
        (b"/x/", b"https://a.test/x"),
        (b"/x/?y", b"https://a.test/x/?y"),
        (b"/", b"https://a.test"),
    ],
)
async def test_a_host_with_tls_redirects_plain_requests(path: bytes, location: bytes) -> None:
    response = await redirected(table([]), path)
    assert response.status == 308
    assert response.value(b"location") == location


async def test_the_trailing_slash_stays_where_the_policy_says_so() -> None:
    response = await redirected(table([], Policy(preserve_trailing_slash=True)), b"/x/")
    assert response.value(b"location") == b"https://a.test/x/"


async def test_the_port_of_the_request_is_not_that_of_https() -> None:
    response = await redirected(table([]), b"/x", b"A.test:8080", https_port=8443)
    assert response.value(b"location") == b"https://a.test/x"


@pytest.mark.parametrize(
    ("redirect", "has_tls", "status"),
    [
        (TlsRedirect.WITH_TLS, True, 308),
        (TlsRedirect.WITH_TLS, False, 503),
        (TlsRedirect.ALWAYS, False, 308),
        (TlsRedirect.OFF, True, 503),
    ],
)
async def test_when_plain_requests_are_redirected(
    redirect: TlsRedirect, has_tls: bool, status: int
) -> None:
    host = Host("a.test", (route(policy=Policy(tls_redirect=redirect)),), has_tls=has_tls)
    assert (await redirected(table([], hosts=(host,)))).status == status


async def test_a_host_below_a_wildcard_with_tls_redirects_too() -> None:
    exact = Host("b.wild.test", (route(host="b.wild.test"),))
    wildcard = Host("*.wild.test", (route(host="*.wild.test"),), has_tls=True)
    delta = table([], hosts=(exact, wildcard))
    for host in (b"b.wild.test", b"c.wild.test"):
        response = await redirected(delta, b"/x", host)
        assert response.status == 308
        assert response.value(b"location") == b"https://%b/x" % host


async def test_authorities_ask_for_challenges_over_http() -> None:
    async with pod() as web_pod, proxy(table([web_pod.port])) as running:
        response = await fetch(running.port, b"/.well-known/acme-challenge/token")
    assert (response.status, response.body) == (200, b"/.well-known/acme-challenge/token")


async def test_requests_by_tls_are_not_redirected() -> None:
    delta = table([], Policy(tls_redirect=TlsRedirect.ALWAYS))
    async with (
        proxy(delta) as running,
        connect(running.tls_port, tls=TRUSTING, server_name="a.test") as client,
    ):
        assert (await client.get()).status == 503


async def test_tls_that_comes_to_a_host_later_redirects_from_then_on() -> None:
    async with pod() as web_pod:
        plain = table([web_pod.port], hosts=(Host("a.test", (route(),)),))
        async with proxy(plain) as running, connect(running.port) as client:
            assert (await client.get()).status == 200
            running.apply(Delta(0, hosts=(Host("a.test", (route(),), has_tls=True),)))
            assert (await client.get()).status == 308


# Bytes.


async def test_a_real_websocket_over_tls() -> None:
    async with (
        websocket_pod() as port,
        proxy(table([port])) as running,
        aiohttp.ClientSession() as session,
        session.ws_connect(
            f"https://127.0.0.1:{running.tls_port}/",
            headers={"Host": "a.test"},
            ssl=TRUSTING,
            server_hostname="a.test",
        ) as client,
    ):
        await converse(client)


async def test_the_last_bytes_of_a_tunnel_reach_both_sides() -> None:
    received = asyncio.get_running_loop().create_future()

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(SWITCH)
        received.set_result(await visit.reader.readexactly(7))
        await visit.send(b"bye")

    async with (
        pod(script) as web_pod,
        proxy(table([web_pod.port])) as running,
        connect(running.tls_port, tls=TRUSTING, server_name="a.test") as client,
    ):
        await client.send(ASK + b"goodbye")
        assert (await client.response()).status == 101
        assert await received == b"goodbye"
        assert await client.reader.read() == b"bye"


async def test_large_bodies_both_ways() -> None:
    size = 8 << 20

    async def script(visit: Visit) -> None:
        while received := await visit.request():
            head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(received.body)
            await visit.send(head + received.body)

    body = bytes(range(256)) * (size // 256)
    async with (
        pod(script) as web_pod,
        proxy(table([web_pod.port], STREAMED)) as running,
        connect(running.tls_port, tls=TRUSTING, server_name="a.test") as client,
    ):
        for _ in range(2):
            head = b"PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % size
            await client.send(head)
            await client.send(body)
            response = await client.response()
            assert response.complete and response.body == body


async def test_a_client_that_reads_slowly_holds_the_pod_back() -> None:
    total = 64 << 20
    sent = 0

    async def script(visit: Visit) -> None:
        nonlocal sent
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
        while sent < total:
            await visit.send(bytes(1 << 20))
            sent += 1 << 20

    async with (
        pod(script) as web_pod,
        proxy(table([web_pod.port])) as running,
        connect(running.tls_port, tls=TRUSTING, server_name="a.test") as client,
    ):
        await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        await web_pod.arrived.wait()
        await running.slow_client()
        assert sent < total
        response = await client.response()
    assert response.complete and len(response.body) == total


@pytest.mark.parametrize("answer", CUT_SHORT.values(), ids=CUT_SHORT)
async def test_an_answer_cut_short_is_not_seen_as_complete(answer: bytes) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(answer)

    async with (
        pod(script) as web_pod,
        proxy(table([web_pod.port])) as running,
        connect(running.tls_port, tls=TRUSTING, server_name="a.test") as client,
    ):
        await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert not (await client.response()).complete


async def test_an_answer_cut_short_for_an_http_1_0_client_ends_without_close_notify() -> None:
    """Where the end of the connection is the end of the body, only TLS can tell the two apart."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n")

    async with pod(script) as web_pod, proxy(table([web_pod.port])) as running:
        raw = await asyncio.to_thread(_ask_by_http_1_0, running.tls_port)
    assert raw is None


def _ask_by_http_1_0(port: int) -> bytes | None:
    """The whole answer, or None when the connection ended without a close_notify."""
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        TRUSTING.wrap_socket(
            plain, server_hostname="a.test", suppress_ragged_eofs=False
        ) as secured,
    ):
        secured.sendall(b"GET / HTTP/1.0\r\nHost: a.test\r\n\r\n")
        answer = b""
        try:
            while piece := secured.recv(1 << 16):
                answer += piece
        except (ssl.SSLError, ConnectionError):
            return None
        return answer


async def test_plain_http_on_the_tls_port_is_told_so() -> None:
    async with proxy(table([])) as running:
        assert (await fetch(running.tls_port)).status == 400


async def test_a_redirect_needs_a_host() -> None:
    catch_all = Host("", (route(host="", policy=Policy(tls_redirect=TlsRedirect.ALWAYS)),))
    async with (
        proxy(Delta(1, reset=True, hosts=(catch_all,))) as running,
        connect(running.port) as client,
    ):
        await client.send(b"GET / HTTP/1.0\r\n\r\n")
        response = await client.response()
    assert (response.status, response.value(b"location")) == (400, None)
