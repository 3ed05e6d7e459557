"""Connections that begin with a PROXY header, on the plain port and on the TLS port."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from support.clients import Client, connect
from support.listening import AUTHORITY, client_context
from support.pods import Pod, Received, pod
from support.proxies import Running, proxy, simple
from support.proxy_headers import CLIENT, SIGNATURE, binary, frame, line

from ingressd.routing.delta import Delta
from ingressd.routing.global_policy import ClientAddress, GlobalPolicy, Limits
from ingressd.routing.policy import DEFAULT_POLICY, Policy, TlsRedirect

GET = b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n"
BOTH = pytest.mark.parametrize("header", [line(), binary()], ids=["v1", "v2"])
PORTS = pytest.mark.parametrize("is_tls", [False, True], ids=["http", "https"])
LIMITS = Limits()
CERTIFICATE = AUTHORITY.leaf("a.test").as_certificate()


def table(
    web: Pod, limits: Limits = LIMITS, policy: Policy = DEFAULT_POLICY, **address: object
) -> Delta:
    """Host a.test; every connection needs a header."""
    client_address = ClientAddress(**{"proxy_protocol": True, **address})  # type: ignore[arg-type]
    return msgspec.structs.replace(
        simple([web.port], policy),
        certificates=(CERTIFICATE,),
        default_certificate=CERTIFICATE.fingerprint,
        global_policy=GlobalPolicy(limits, client_address),
    )


@asynccontextmanager
async def introduced(running: Running, header: bytes, is_tls: bool) -> AsyncIterator[Client]:
    """A connection after its header, and after the handshake where it is TLS."""
    async with connect(running.tls_port if is_tls else running.port) as client:
        await client.send(header)
        if is_tls:
            await client.writer.start_tls(client_context(), server_hostname="a.test")
        yield client


def seen_by(web: Pod) -> list[tuple[bytes | None, ...]]:
    """Client address, port and scheme as pods saw them."""
    names = (b"X-Real-IP", b"X-Forwarded-For", b"X-Forwarded-Port", b"X-Forwarded-Proto")
    return [tuple(map(request.value, names)) for request in web.requests]


@PORTS
@pytest.mark.parametrize(
    ("header", "source"),
    [
        (line(), CLIENT),
        (binary(), CLIENT),
        (line("2001:db8::7", destination="::1"), "2001:db8::7"),
        (binary("2001:db8::7", destination="::1"), "2001:db8::7"),
        (binary(more=b"\x04" + (3000).to_bytes(2) + bytes(3000)), CLIENT),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
        (frame(0x20, 0, b""), "127.0.0.1"),
        (frame(0x21, 0x31, bytes(216)), "127.0.0.1"),
    ],
    ids=["v1", "v2", "v1 IPv6", "v2 IPv6", "v2 with TLVs", "v1 unknown", "v2 local", "v2 unix"],
)
async def test_pods_see_the_client_of_the_header(header: bytes, source: str, is_tls: bool) -> None:
    async with (
        pod() as web,
        proxy(table(web)) as running,
        introduced(running, header, is_tls) as client,
    ):
        for _ in range(2):
            assert (await client.get(b"/x")).body == b"/x"
    port, scheme = (b"443", b"https") if is_tls else (b"80", b"http")
    assert seen_by(web) == [(source.encode(), source.encode(), port, scheme)] * 2


@BOTH
async def test_a_request_in_the_segment_of_the_header(header: bytes) -> None:
    async with pod() as web, proxy(table(web)) as running, connect(running.port) as client:
        await client.send(header + GET + GET)
        assert [(await client.response()).body for _ in range(2)] == [b"/x", b"/x"]
    assert [request.value(b"X-Real-IP") for request in web.requests] == [CLIENT.encode()] * 2


@PORTS
@BOTH
async def test_a_header_byte_by_byte(header: bytes, is_tls: bool) -> None:
    async with (
        pod() as web,
        proxy(table(web)) as running,
        connect(running.tls_port if is_tls else running.port) as client,
    ):
        raw = client.writer.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for position in range(len(header)):
            await client.send(header[position : position + 1])
            await asyncio.sleep(0)
        if is_tls:
            await client.writer.start_tls(client_context(), server_hostname="a.test")
        assert (await client.get(b"/x")).status == 200
    assert web.requests[0].value(b"X-Real-IP") == CLIENT.encode()


@BOTH
async def test_a_client_hello_in_the_segment_of_the_header(header: bytes) -> None:
    """As a load balancer sends it that has waited for the client's first bytes."""
    async with pod() as web, proxy(table(web)) as running:
        server = await asyncio.start_server(
            lambda reader, writer: relay(reader, writer, header, running.tls_port), "127.0.0.1", 0
        )
        async with (
            server,
            connect(
                server.sockets[0].getsockname()[1], tls=client_context(), server_name="a.test"
            ) as client,
        ):
            assert (await client.get(b"/x")).status == 200
    assert web.requests[0].value(b"X-Real-IP") == CLIENT.encode()


async def relay(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, header: bytes, port: int
) -> None:
    """A load balancer for one connection."""
    async with connect(port) as onward:
        await onward.send(header + await reader.read(65536))

        async def back() -> None:
            while data := await onward.reader.read(65536):
                writer.write(data)

        answers = asyncio.ensure_future(back())
        while data := await reader.read(65536):
            await onward.send(data)
        answers.cancel()
    writer.close()


@PORTS
@pytest.mark.parametrize(
    "sent",
    [
        GET,
        b"\x16\x03\x01\x02\0",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n" + GET,
        b"PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n" + GET,
        b"PROXY UNKNOWN " + b"x" * 200 + b"\r\n" + GET,
        SIGNATURE + b"\x31\x11\0\x0c" + bytes(12) + GET,
        frame(0x21, 0x11, bytes(11)) + GET,
        frame(0x21, 0x11, bytes(5000)) + GET,
    ],
    ids=["a request", "a ClientHello", "a port", "a family", "a long line", "a version", "short",
         "oversize"],
)  # fmt: skip
async def test_a_connection_without_a_header_ends_at_once(sent: bytes, is_tls: bool) -> None:
    async with pod() as web, proxy(table(web)) as running:
        async with (
            asyncio.timeout(5),
            connect(running.tls_port if is_tls else running.port) as client,
        ):
            await client.send(sent)
            assert await client.at_eof()
        assert web.connections == 0


@PORTS
@pytest.mark.parametrize("sent", [b"", b"PROXY TCP4", SIGNATURE], ids=["silent", "v1", "v2"])
async def test_a_header_that_never_ends(sent: bytes, is_tls: bool) -> None:
    limits = Limits(head_timeout=0.05, tls_handshake_timeout=0.05)
    async with (
        pod() as web,
        proxy(table(web, limits)) as running,
        asyncio.timeout(5),
        connect(running.tls_port if is_tls else running.port) as client,
    ):
        await client.send(sent)
        assert await client.at_eof()


@PORTS
@pytest.mark.parametrize("sent", [b"", b"PROXY TCP4"], ids=["nothing", "a part"])
async def test_clients_that_leave_make_no_noise(
    sent: bytes, is_tls: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async with pod() as web, proxy(table(web)) as running:
        async with connect(running.tls_port if is_tls else running.port) as client:
            await client.send(sent)
        async with introduced(running, line(), is_tls=False) as client:
            await client.get()
    assert not caplog.records


async def test_connections_without_a_header_are_warned_about_once_in_a_while(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with pod() as web, proxy(table(web)) as running:
        for port in (running.port, running.tls_port, running.port):
            async with connect(port) as client:
                await client.send(GET)
                assert await client.at_eof()
    assert [record.getMessage() for record in caplog.records] == [
        "use-proxy-protocol: a connection is closed, because it does not begin with a PROXY header"
    ]


async def test_headers_of_other_peers_are_read_and_not_believed() -> None:
    async with (
        pod() as web,
        proxy(table(web, trusted=("10.0.0.0/8",))) as running,
        introduced(running, line(port=443), is_tls=False) as client,
    ):
        await client.get()
    assert seen_by(web) == [(b"127.0.0.1", b"127.0.0.1", b"80", b"http")]


async def test_headers_of_trusted_peers_are_believed() -> None:
    async with (
        pod() as web,
        proxy(table(web, trusted=("127.0.0.0/8",))) as running,
        introduced(running, line(), is_tls=False) as client,
    ):
        await client.get()
    assert web.requests[0].value(b"X-Real-IP") == CLIENT.encode()


async def forwarded(web: Pod, running: Running, header: bytes) -> Received:
    """A request with fields of its own, as the pod sees it."""
    async with introduced(running, header, is_tls=False) as client:
        await client.get(extra=b"X-Forwarded-For: 192.0.2.99\r\nX-Forwarded-Proto: https\r\n")
    return web.requests[-1]


async def test_a_client_is_not_believed_because_its_load_balancer_is() -> None:
    """The fields are the client's own: the load balancer that wrote the header wrote none."""
    address = {"forwarded_headers": True, "trusted": ("127.0.0.0/8", "10.0.0.0/8")}
    async with pod() as web, proxy(table(web, **address)) as running:
        spoofed = await forwarded(web, running, line())
        passed_on = await forwarded(web, running, line("10.0.0.5"))
    assert spoofed.values(b"X-Forwarded-For") == [CLIENT.encode()]
    assert spoofed.values(b"X-Forwarded-Proto") == [b"http"]
    assert passed_on.values(b"X-Forwarded-For") == [b"192.0.2.99"]
    assert passed_on.values(b"X-Forwarded-Proto") == [b"https"]


async def test_port_443_of_the_load_balancer_counts_as_https() -> None:
    always = Policy(tls_redirect=TlsRedirect.ALWAYS)
    async with pod() as web, proxy(table(web, policy=always)) as running:
        async with introduced(running, line(port=80), is_tls=False) as client:
            assert (await client.get()).status == 308
        async with introduced(running, line(port=443), is_tls=False) as client:
            assert (await client.get()).status == 200
    assert seen_by(web) == [(CLIENT.encode(), CLIENT.encode(), b"443", b"https")]


async def test_without_the_protocol_its_line_is_a_bad_request() -> None:
    async with (
        pod() as web,
        proxy(table(web, proxy_protocol=False)) as running,
        connect(running.port) as client,
    ):
        await client.send(line() + GET)
        assert (await client.response()).status == 400
        assert await client.at_eof()
    assert web.requests == []


async def test_it_is_turned_on_and_off_while_serving() -> None:
    async with pod() as web, proxy(table(web, proxy_protocol=False)) as running:
        async with connect(running.port) as client:
            await client.get()
            running.apply(Delta(0, global_policy=table(web).global_policy))
            assert (await client.get()).status == 200
        async with introduced(running, line(), is_tls=False) as client:
            await client.get()
        running.apply(Delta(0, global_policy=GlobalPolicy()))
        async with connect(running.port) as client:
            await client.get()
    addresses = [request.value(b"X-Real-IP") for request in web.requests]
    assert addresses == [b"127.0.0.1", b"127.0.0.1", CLIENT.encode(), b"127.0.0.1"]


async def test_connections_that_wait_for_a_header_do_not_hold_up_the_end() -> None:
    async with pod() as web:
        async with asyncio.timeout(5), proxy(table(web), grace=0.1) as running:
            client = await asyncio.open_connection("127.0.0.1", running.port)
            async with introduced(running, line(), is_tls=False) as other:
                await other.get()
        with contextlib.suppress(ConnectionError):
            assert await client[0].read() == b""
        client[1].close()
