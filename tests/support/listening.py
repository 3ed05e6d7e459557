"""A listener with a plain and a TLS port, and clients of it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable

import pytest

from ingressd.proxy.client.client_hello import ClientHello
from ingressd.proxy.client.listener import Listener
from ingressd.proxy.client.proxy_protocol import ProxyHeader
from ingressd.proxy.client.tls import ContextStore
from ingressd.proxy.observing.metrics import Metrics
from ingressd.routing.delta import Delta
from ingressd.routing.global_policy import GlobalPolicy, Limits
from ingressd.routing.table import Table
from support.certificates import CertificateAuthority, KeyPair, subject_names

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
        self.listener = Listener(self._greeter, self._choose, self.metrics)
        self.listener.adopt(GlobalPolicy(limits))
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

    def _greeter(self, scheme: str, server_name: str | None, header: ProxyHeader | None) -> Greeter:
        source = f" for {header.source}:{header.destination_port}" if header else ""
        return Greeter(self.metrics, f"{scheme} {server_name}{source}\n".encode())

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
