"""What is said before the first request: a load balancer's PROXY header, a client's ClientHello.

Both are looked at without taking anything from the socket, which holds what others have to read.
"""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Callable
from typing import TypeVar

from ingressd.proxy.client.client_hello import (
    MAX_SIZE,
    ClientHello,
    NeedMore,
    NotTls,
    parse_client_hello,
)
from ingressd.proxy.client.proxy_protocol import MAX_SIZE as MAX_HEADER_SIZE
from ingressd.proxy.client.proxy_protocol import NotProxied, ProxyHeader, parse_proxy_header

_PEEK_AGAIN = (0.001, 0.25)  # seconds, shortest and longest, between looks that show nothing new
_LINGER = 1.0  # seconds for a client to read our refusal

_LEFT = "the client left"

_REFUSAL_TEXT = b"The plain HTTP request was sent to HTTPS port\n"
_REFUSAL = (
    b"HTTP/1.1 400 Bad Request\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: %d\r\n"
    b"Connection: close\r\n"
    b"\r\n"
    b"%s"
) % (len(_REFUSAL_TEXT), _REFUSAL_TEXT)


_Found = TypeVar("_Found")


class NoProxyHeader(ConnectionAbortedError):
    """A connection began with something else: the load balancer is set up wrongly, or we are."""


async def read_proxy_header(client: socket.socket) -> ProxyHeader:
    """The PROXY header of a connection; exactly its bytes are taken from the socket.

    Raises NoProxyHeader, and ConnectionAbortedError when the other side leaves.
    """
    header: ProxyHeader | NotProxied | None
    header = await _peek_until(client, parse_proxy_header, MAX_HEADER_SIZE)
    if header is None:
        raise ConnectionAbortedError(_LEFT)
    if isinstance(header, NotProxied):
        raise NoProxyHeader(header.reason)
    client.recv(header.size)
    return header


async def read_greeting(client: socket.socket) -> ClientHello:
    """The ClientHello of a client. Raises ConnectionAbortedError when it speaks something else.

    One that speaks HTTP is told what it did wrong.
    """
    hello: ClientHello | NotTls | None
    hello = await _peek_until(client, parse_client_hello, MAX_SIZE)
    if not isinstance(hello, ClientHello):
        await _turn_away(client)
        raise ConnectionAbortedError(hello.reason if hello else _LEFT)
    return hello


async def _peek_until(
    client: socket.socket, parse: Callable[[bytes], _Found | NeedMore], most: int
) -> _Found | None:
    """Look at the first bytes until ``parse`` knows what they are; None if the client has left.

    ``most`` is how many it may ask for.
    """
    seen = 0
    pause, longest_pause = _PEEK_AGAIN
    while True:
        peeked = await _peek(client, most, at_once=not seen)
        outcome = parse(peeked) if peeked else None
        if not isinstance(outcome, NeedMore):
            if seen:
                _wake_at(client, 1)
            return outcome
        if len(peeked) == seen:
            if _has_left(client):
                return None
            await asyncio.sleep(pause)  # a kernel without SO_RCVLOWAT wakes us for old bytes
            pause = min(2 * pause, longest_pause)
        seen = len(peeked)
        _wake_at(client, outcome.size)


async def _peek(client: socket.socket, most: int, *, at_once: bool) -> bytes:
    """The first bytes. As a rule they have come by the time that the connection is accepted."""
    if at_once:
        try:
            return client.recv(most, socket.MSG_PEEK)
        except BlockingIOError:
            pass
    await _readable(client)
    return client.recv(most, socket.MSG_PEEK)


def _has_left(client: socket.socket) -> bool:
    """Whether the client will send nothing more; peeking cannot tell while old bytes are there."""
    poll = select.poll()
    poll.register(client, select.POLLRDHUP)
    return bool(poll.poll(0))


def _wake_at(client: socket.socket, size: int) -> None:
    """Make the socket readable at ``size`` bytes only: peeking leaves the old ones there."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)


async def _readable(client: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(client, _settle, ready)
    try:
        await ready
    finally:
        loop.remove_reader(client)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def _turn_away(client: socket.socket) -> None:
    """Close a connection that is not TLS; a client that speaks HTTP is told what it did wrong."""
    with client:
        received = client.recv(MAX_SIZE)
        if not _looks_like_http(received):
            return
        client.send(_REFUSAL)
        client.shutdown(socket.SHUT_WR)
        # Closing with unread bytes would send a reset, which can destroy the answer on its way.
        async with asyncio.timeout(_LINGER):
            while received:
                await _readable(client)
                received = client.recv(MAX_SIZE)


def _looks_like_http(received: bytes) -> bool:
    method, space, _ = received.partition(b" ")
    return bool(space) and method.isalpha() and method.isupper() and len(method) < 20
