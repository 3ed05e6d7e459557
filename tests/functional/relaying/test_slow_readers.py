"""Clients that read slowly, and clients that do not read at all: only these are cut."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from support.pods import answering, pod
from support.proxies import proxy, simple
from support.waiting import until

from ingressd.proxy.relaying import buffering, exchange, pacing
from ingressd.routing.policy import Bandwidth, Buffering, Policy

PATIENCE = 0.5
"""Seconds in place of CLIENT_WRITE_TIMEOUT."""

SIP = 64 * 1024
PAUSE = 0.1
"""Seconds between two of them: what the kernel holds for the client lasts for many."""

LARGE = 32 << 20
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (LARGE, bytes(LARGE))

POLICIES = {
    "relayed": Policy(),
    "buffered": Policy(buffering=Buffering(answers=True)),
    "paced": Policy(bandwidth=Bandwidth(rate=LARGE, after=LARGE // 2)),
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (exchange, buffering, pacing):
        monkeypatch.setattr(module, "CLIENT_WRITE_TIMEOUT", PATIENCE)


@asynccontextmanager
async def asking(port: int) -> AsyncIterator[socket.socket]:
    """A client with a small window that has asked."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SIP)
        client.connect(("127.0.0.1", port))
        client.setblocking(False)
        await asyncio.get_running_loop().sock_sendall(
            client, b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"
        )
        yield client


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
async def test_who_reads_slowly_is_not_cut(policy: Policy) -> None:
    loop = asyncio.get_running_loop()
    async with (
        pod(answering(ANSWER)) as web,
        proxy(simple([web.port], policy)) as running,
        asking(running.port) as client,
    ):
        until_then = loop.time() + 5 * PATIENCE
        while loop.time() < until_then:
            assert await loop.sock_recv(client, SIP)
            await asyncio.sleep(PAUSE)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
async def test_who_does_not_read_is_cut(policy: Policy) -> None:
    async with (
        pod(answering(ANSWER)) as web,
        proxy(simple([web.port], policy)) as running,
        asking(running.port),
    ):
        await until(lambda: bool(running.proxy.snapshot().client_connections))
        await until(lambda: not running.proxy.snapshot().open_connections)
