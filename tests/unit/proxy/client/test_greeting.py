"""First bytes of a connection: what is looked at, what is taken, and what is left."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator

import pytest

from ingressd.proxy.client.greeting import NoProxyHeader, read_greeting, read_proxy_header

PROXY = b"PROXY TCP4 192.0.2.7 10.0.0.1 4000 443\r\n"


def client_hello(name: str) -> bytes:
    there = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), there, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return there.read()


HELLO = client_hello("a.test")


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A client, and our end of its connection."""
    client, ours = socket.socketpair()
    ours.setblocking(False)
    with client, ours:
        yield client, ours


Ends = tuple[socket.socket, socket.socket]


@pytest.mark.parametrize("cut", [0, 1, 20, len(PROXY) - 1])
async def test_exactly_the_header_is_taken(ends: Ends, cut: int) -> None:
    client, ours = ends
    client.send(PROXY[:cut])
    reading = asyncio.create_task(read_proxy_header(ours))
    await asyncio.sleep(0)
    client.send(PROXY[cut:] + HELLO)
    header = await reading
    assert header.size == len(PROXY)
    assert ours.recv(1 << 16) == HELLO


@pytest.mark.parametrize("cut", [0, 1, 5, 100, len(HELLO) - 1])
async def test_nothing_is_taken_of_a_client_hello(ends: Ends, cut: int) -> None:
    client, ours = ends
    client.send(HELLO[:cut])
    reading = asyncio.create_task(read_greeting(ours))
    await asyncio.sleep(0)
    client.send(HELLO[cut:])
    assert (await reading).server_name == "a.test"
    assert ours.recv(1 << 16) == HELLO
    assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT) == 1


@pytest.mark.parametrize("sent", [b"", PROXY[:9]])
async def test_a_client_that_leaves_is_not_waited_for(ends: Ends, sent: bytes) -> None:
    client, ours = ends
    client.send(sent)
    client.close()
    with pytest.raises(ConnectionAbortedError, match="left"):
        await read_proxy_header(ours)


async def test_who_says_something_else_has_no_header(ends: Ends) -> None:
    client, ours = ends
    client.send(HELLO)
    with pytest.raises(NoProxyHeader):
        await read_proxy_header(ours)


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n"),
        (b"PROPFIND / HTTP/1.1\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n"),
        (b"get / HTTP/1.1\r\n\r\n", b""),
        (b"\x00\x01 something", b""),
        (b"X" * 20 + b" /", b""),
    ],
)
async def test_who_speaks_no_tls_is_told_so_in_http_alone(
    ends: Ends, sent: bytes, answer: bytes
) -> None:
    client, ours = ends
    client.send(sent)
    client.shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionAbortedError):
        await read_greeting(ours)
    assert client.recv(1 << 16)[: len(answer) or 1] == answer
    assert ours.fileno() == -1
