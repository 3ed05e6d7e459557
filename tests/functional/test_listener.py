"""The listener with real sockets and real TLS clients, on the loop that serves in production."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from support.certificates import CertificateAuthority, KeyPair, subject_names

from ingressd.proxy.client.client_hello import ClientHello
from ingressd.proxy.client.listener import Listener
from ingressd.proxy.client.tls import ContextStore
from ingressd.proxy.metrics import Metrics
from ingressd.proxy.settings import Limits
from ingressd.routing.delta import Delta
from ingressd.routing.table import Table

AUTHORITY = CertificateAuthority()
DEFAULT = AUTHORITY.leaf("fallback.test")
LEAVES = {
    "shop.test": AUTHORITY.leaf("shop.test"),
    "*.wild.test": AUTHORITY.leaf("*.wild.test"),
}


class Greeter(asyncio.Protocol):
    """Says at once how it was reached, then echoes."""

    def __init__(self, metrics: Metrics, greeting: bytes) -> None:
        self._metrics = metrics
        self._greeting = greeting

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._metrics.open_connections += 1
        self._transport = transport
        transport.write(self._greeting)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)  # type: ignore[attr-defined]

    def connection_lost(self, exc: Exception | None) -> None:
        self._metrics.open_connections -= 1


class Front:
    """A listener with a plain and a TLS port, its table and its counters."""

    def __init__(self, limits: Limits) -> None:
        self.metrics = Metrics()
        self.store = ContextStore()
        self.table = Table.empty()
        self.chosen: list[ClientHello] = []
        self.put(default=DEFAULT, **LEAVES)
        self.listener = Listener(self._greeter, self._choose, self.metrics, limits)
        self._sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.http, self.https = (bound.getsockname()[:2] for bound in self._sockets)
        self.tls_socket = self._sockets[1]
        self.listener.accept_plain(self._sockets[0])
        self.listener.accept_tls(self._sockets[1])

    def put(self, *, default: KeyPair, **leaves: KeyPair) -> None:
        certificates = {name: leaf.as_certificate() for name, leaf in leaves.items()}
        self.table = self.table.apply(
            Delta(
                generation=self.table.generation + 1,
                reset=True,
                certificates=(*certificates.values(), default.as_certificate()),
                bindings={name: made.fingerprint for name, made in certificates.items()},
                default_certificate=default.as_certificate().fingerprint,
            )
        )
        self.store.retain(self.table.certificates)

    async def close(self) -> None:
        await self.listener.close()
        for bound in self._sockets:
            bound.close()

    def _greeter(self, scheme: str, server_name: str | None) -> Greeter:
        return Greeter(self.metrics, f"{scheme} {server_name}\n".encode())

    def _choose(self, hello: ClientHello) -> ssl.SSLContext:
        self.chosen.append(hello)
        return self.store.context_for(hello.server_name, self.table)


LIMITS = Limits()


@pytest.fixture
def limits() -> Limits:
    return LIMITS


@pytest.fixture
async def front(limits: Limits) -> AsyncIterator[Front]:
    front = Front(limits)
    yield front
    await front.close()


def limited(**limits: float) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("limits", [Limits(**limits)], ids=[",".join(limits)])  # type: ignore[arg-type]


def client_context(newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """A client that trusts the test's root, and leaves the names to the test."""
    context = AUTHORITY.client_context()
    context.check_hostname = False
    context.maximum_version = newest
    return context


class Client:
    """An open connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def to(
        cls, address: tuple[str, int], context: ssl.SSLContext | None = None, name: str = ""
    ) -> Client:
        """Connect; ``context`` and ``name`` (SNI) make it TLS."""
        named = {"server_hostname": name} if context else {}
        return cls(*await asyncio.open_connection(*address, ssl=context, **named))

    async def line(self) -> str:
        return (await self.reader.readline()).decode()

    async def echo(self, text: str) -> str:
        self.writer.write(text.encode() + b"\n")
        return (await self.line()).removesuffix("\n")

    @property
    def served(self) -> tuple[str, ...]:
        """The names of the certificate that came."""
        return subject_names(self.writer.get_extra_info("ssl_object").getpeercert(True))

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except (ConnectionError, ssl.SSLError):
            return


def handshake(name: str | None) -> tuple[ssl.SSLObject, ssl.MemoryBIO, bytes]:
    """A client's TLS state, the way in, and its first flight: for clients that send it oddly."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context().wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return client, incoming, outgoing.read()


async def until(condition: Callable[[], bool]) -> None:
    """Return once the listener, in this same loop, has come so far."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)


async def until_closed(client: Client) -> bytes:
    """What still comes before the connection ends, in whichever way."""
    received = b""
    try:
        while chunk := await client.reader.read(65536):
            received += chunk
    except ConnectionResetError:  # we left bytes unread on our side
        return received
    return received


async def until_answered(client: Client) -> bytes:
    return await client.reader.read(65536)


async def test_plain_connections_say_so(front: Front) -> None:
    client = await Client.to(front.http)
    assert await client.line() == "http None\n"
    assert await client.echo("hello") == "hello"
    await client.close()


@pytest.mark.parametrize(
    ("name", "seen", "served"),
    [
        ("shop.test", "shop.test", "shop.test"),
        ("SHOP.test", "shop.test", "shop.test"),
        ("a.wild.test", "a.wild.test", "*.wild.test"),
        ("a.b.wild.test", "a.b.wild.test", "fallback.test"),
        ("unknown.test", "unknown.test", "fallback.test"),
        ("", "None", "fallback.test"),
        ("127.0.0.1", "None", "fallback.test"),
    ],
)
async def test_the_server_name_chooses_the_certificate(
    front: Front, name: str, seen: str, served: str
) -> None:
    client = await Client.to(front.https, client_context(), name)
    assert await client.line() == f"https {seen}\n"
    assert client.served == (served,)
    await client.close()


async def test_a_trailing_dot_in_the_server_name(front: Front) -> None:
    process = await asyncio.create_subprocess_exec(
        *("openssl", "s_client", "-connect", "{}:{}".format(*front.https)),
        *("-servername", "shop.test."),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await process.communicate()
    assert b"subject=CN = shop.test\n" in output or b"subject=CN=shop.test\n" in output


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_versions(front: Front, newest: ssl.TLSVersion) -> None:
    client = await Client.to(front.https, client_context(newest), "shop.test")
    assert client.writer.get_extra_info("ssl_object").version() == newest.name.replace("_", ".")
    await client.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_old_versions_are_refused(front: Front, caplog: pytest.LogCaptureFixture) -> None:
    context = client_context(ssl.TLSVersion.TLSv1_1)
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await Client.to(front.https, context, "shop.test")
    await front.listener.close()
    assert front.metrics.tls_handshake_failures == 1
    assert not caplog.records


async def test_rotation_leaves_live_connections_alone(front: Front) -> None:
    before = await Client.to(front.https, client_context(), "shop.test")
    await before.line()
    front.put(default=DEFAULT, **{"shop.test": AUTHORITY.leaf("shop.test", "new.test")})
    after = await Client.to(front.https, client_context(), "shop.test")
    assert before.served == ("shop.test",)
    assert after.served == ("shop.test", "new.test")
    assert await before.echo("still here") == "still here"
    await before.close()
    await after.close()


async def test_a_hello_in_segments_of_one_byte(front: Front) -> None:
    tls, incoming, flight = handshake("shop.test")
    client = await Client.to(front.https)
    raw = client.writer.get_extra_info("socket")
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for position in range(len(flight)):
        client.writer.write(flight[position : position + 1])
        await client.writer.drain()
        await asyncio.sleep(0)
    incoming.write(await until_answered(client))
    with pytest.raises(ssl.SSLWantReadError):
        tls.read()
    assert subject_names(tls.getpeercert(binary_form=True) or b"") == ("shop.test",)
    await client.close()


async def test_a_hello_split_in_two(front: Front) -> None:
    _, _, flight = handshake("shop.test")
    client = await Client.to(front.https)
    client.writer.write(flight[:20])
    await client.writer.drain()
    await until(lambda: front.listener.pending == 1)
    client.writer.write(flight[20:])
    assert (await until_answered(client))[:1] == b"\x16"
    assert [hello.server_name for hello in front.chosen] == ["shop.test"]
    await client.close()


async def test_a_kernel_that_wakes_us_for_old_bytes(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingressd.proxy.client.greeting._wake_at", lambda client, size: None)
    await test_a_hello_split_in_two(front)


async def test_plain_http_on_the_tls_port_is_told_so(
    front: Front, caplog: pytest.LogCaptureFixture
) -> None:
    client = await Client.to(front.https)
    client.writer.write(b"POST / HTTP/1.1\r\nHost: shop.test\r\n\r\n" + b"x" * 100_000)
    answer = await client.reader.read()
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.endswith(b"\r\n\r\nThe plain HTTP request was sent to HTTPS port\n")
    await client.close()
    await until(lambda: front.listener.pending == 0)
    assert front.metrics.tls_handshake_failures == 1
    assert not caplog.records


@pytest.mark.parametrize(
    "sent",
    [b"", b"\x16\x03\x01", b"\x00\x01\x02", b"SSH-2.0-OpenSSH_9.6\r\n", b"\x16\x03\x01\0\1\x01"],
    ids=["nothing", "a beginning", "binary", "ssh", "less than a header"],
)
async def test_clients_that_leave_or_talk_nonsense_make_no_noise(
    front: Front, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    client = await Client.to(front.https)
    client.writer.write(sent)
    await client.close()
    await until(lambda: front.metrics.tls_handshake_failures == 1)
    assert not caplog.records


@pytest.mark.parametrize("linger", [(0, 0), (1, 0)], ids=["FIN", "RST"])
async def test_a_handshake_broken_off_makes_no_noise(
    front: Front, caplog: pytest.LogCaptureFixture, linger: tuple[int, int]
) -> None:
    _, _, flight = handshake("shop.test")
    with socket.create_connection(front.https) as raw:
        raw.setsockopt(
            socket.SOL_SOCKET,
            socket.SO_LINGER,
            linger[0].to_bytes(4, "little") + linger[1].to_bytes(4, "little"),
        )
        raw.sendall(flight)
        await asyncio.get_running_loop().run_in_executor(None, raw.recv, 1)
    await until(lambda: front.metrics.tls_handshake_failures == 1)
    assert not caplog.records


@limited(tls_handshake_timeout=0.05)
@pytest.mark.parametrize("sent", [0, 20, None], ids=["silent", "half a hello", "no second flight"])
async def test_slow_handshakes_end(
    front: Front, limits: Limits, sent: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    client = await Client.to(front.https)
    client.writer.write(handshake("shop.test")[2][:sent])
    await until_closed(client)
    assert front.metrics.tls_handshake_failures == 1
    assert not caplog.records
    await client.close()


@limited(tls_handshakes=1)
async def test_handshakes_above_the_cap_wait(front: Front, limits: Limits) -> None:
    stalled = await Client.to(front.https)
    stalled.writer.write(handshake("shop.test")[2])
    assert await until_answered(stalled)
    waiting = asyncio.ensure_future(Client.to(front.https, client_context(), "shop.test"))
    await until(lambda: front.listener.pending == 2)
    assert len(front.chosen) == 1
    await stalled.close()
    client = await waiting
    assert await client.line() == "https shop.test\n"
    await client.close()


@limited(connections=2)
async def test_connections_above_the_cap_wait_in_the_kernel(front: Front, limits: Limits) -> None:
    clients = [await Client.to(front.http) for _ in range(2)]
    for client in clients:
        await client.line()
    third = await Client.to(front.http)
    waiting = asyncio.ensure_future(third.line())
    await clients[0].echo("the loop has turned")
    assert front.metrics.open_connections == 2
    assert not waiting.done()
    await clients[0].close()
    assert await waiting == "http None\n"
    for client in (clients[1], third):
        await client.close()


@contextmanager
def descriptors_exhausted() -> Iterator[None]:
    """No new descriptor can be had in the block."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, before[1]))
    held = []
    try:
        while True:
            held.append(os.dup(0))
    except OSError:
        pass
    try:
        yield
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_without_descriptors_connections_wait_and_then_come(
    front: Front, caplog: pytest.LogCaptureFixture
) -> None:
    clients = [socket.socket() for _ in range(3)]
    with descriptors_exhausted():
        for client in clients:
            client.connect(front.http)
        await until(lambda: "cannot accept connections" in caplog.text)
        assert front.metrics.open_connections == 0
    for client in clients:
        with client:
            client.setblocking(False)
            assert await asyncio.get_running_loop().sock_recv(client, 100) == b"http None\n"
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


async def test_close_keeps_connections_and_accepts_no_more(front: Front) -> None:
    client = await Client.to(front.https, client_context(), "shop.test")
    await client.line()
    await front.listener.close()
    assert await client.echo("still here") == "still here"
    late = await Client.to(front.http)
    await client.echo("the loop has turned")
    assert front.metrics.open_connections == 1
    await client.close()
    await late.close()


async def test_stop_lets_handshakes_finish(front: Front) -> None:
    client = await Client.to(front.https)
    _, _, flight = handshake("shop.test")
    client.writer.write(flight[:10])
    await until(lambda: front.listener.pending == 1)
    front.listener.stop()
    client.writer.write(flight[10:])
    assert await until_answered(client)
    await client.close()


async def test_close_right_after_an_accept_closes_the_connection(front: Front) -> None:
    raw = socket.create_connection(front.https)
    front.listener._accept_some(front.tls_socket)
    assert front.listener.pending == 1
    await front.listener.close()
    with raw:
        raw.setblocking(False)
        assert await asyncio.get_running_loop().sock_recv(raw, 1) == b""


async def test_close_gives_up_handshakes_and_leaks_nothing(front: Front) -> None:
    client = await Client.to(front.https)
    client.writer.write(handshake("shop.test")[2][:10])
    await until(lambda: front.listener.pending == 1)
    await front.listener.close()
    assert await until_closed(client) == b""
    await until(lambda: front.listener.pending == 0)
    await client.close()


def open_sockets() -> set[str]:
    """Every socket of this process."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that iterates
            found.add(str(descriptor.readlink()))
    return {link for link in found if link.startswith("socket:")}


async def test_no_socket_is_left_behind(front: Front) -> None:
    before = open_sockets()
    for sent in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\0", handshake("shop.test")[2]):
        client = await Client.to(front.https)
        client.writer.write(sent)
        await client.close()
    for address, context in ((front.http, None), (front.https, client_context())):
        client = await Client.to(address, context, "shop.test")
        await client.line()
        await client.close()
    await until(lambda: front.listener.pending + front.metrics.open_connections == 0)
    await until(lambda: open_sockets() == before)


async def test_a_certificate_store_that_fails_costs_one_connection(
    front: Front, caplog: pytest.LogCaptureFixture
) -> None:
    front.table = Table.empty()
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await Client.to(front.https, client_context(), "shop.test")
    assert "NoCertificateError" in caplog.text
    client = await Client.to(front.http)
    assert await client.line() == "http None\n"
    await client.close()
