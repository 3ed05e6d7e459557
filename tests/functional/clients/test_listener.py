"""Accepting on real sockets: caps, exhaustion, and an end that loses nothing."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from support.listening import (
    Client,
    Front,
    client_context,
    handshake,
    limited,
    until,
    until_answered,
    until_closed,
)

from ingressd.routing.global_policy import Limits
from ingressd.routing.table import Table


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
