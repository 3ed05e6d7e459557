"""Answers that are taken from the pod ahead of a slow client."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.annotated import ingress, served
from support.clients import Client, connect
from support.pods import Visit, answering, pod
from support.proxies import proxy, simple
from support.waiting import until

from ingressd.proxy.relaying.buffering import BufferedExchange
from ingressd.routing.policy import Buffering, Policy

SIZE = 24 << 20
PIECE = bytes(range(256)) * 4096
BUFFERED = Policy(buffering=Buffering(answers=True))
GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"


class Giving:
    """A pod that gives a large answer and then waits for the next request."""

    def __init__(self, *, chunked: bool = False) -> None:
        self.chunked = chunked
        self.has_given = asyncio.Event()

    async def __call__(self, visit: Visit) -> None:
        while await visit.request():
            if self.chunked:
                await visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            else:
                await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
            for _ in range(SIZE // len(PIECE)):
                size = b"%x\r\n" % len(PIECE)
                await visit.send(size + PIECE + b"\r\n" if self.chunked else PIECE)
            await visit.send(b"0\r\n\r\n" if self.chunked else b"")
            self.has_given.set()


async def read_whole(client: Client) -> None:
    answer = await client.response()
    assert answer.complete
    assert answer.body == PIECE * (SIZE // len(PIECE))


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_slow_client_keeps_no_pod_busy(chunked: bool) -> None:
    giving = Giving(chunked=chunked)
    async with (
        pod(giving) as web,
        proxy(simple([web.port], BUFFERED)) as running,
        connect(running.port) as client,
    ):
        for _ in range(2):
            await client.send(GET)
            await giving.has_given.wait()  # of which the client has read nothing
            await read_whole(client)
            giving.has_given.clear()
        assert web.connections == 1


async def test_no_more_is_taken_than_may_wait() -> None:
    giving = Giving()
    policy = Policy(buffering=Buffering(answers=True, answer_file=1 << 20))
    async with (
        pod(giving) as web,
        proxy(simple([web.port], policy)) as running,
        connect(running.port) as client,
    ):
        await client.send(GET)
        (connection,) = running.proxy._front.client_connections()
        await until(lambda: connection.exchange is not None and connection.writing_paused)
        await until(lambda: connection.exchange._connection.read_paused)  # type: ignore[union-attr]
        assert not giving.has_given.is_set()
        await read_whole(client)
        assert giving.has_given.is_set()


async def test_what_a_client_is_fast_enough_for_does_not_wait() -> None:
    seen = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        await seen.wait()
        await visit.send(b"again")

    async with (
        pod(script) as web,
        proxy(simple([web.port], BUFFERED)) as running,
        connect(running.port) as client,
    ):
        await client.send(GET)
        await client.reader.readuntil(b"first")
        seen.set()
        assert await client.reader.readexactly(5) == b"again"


async def test_a_pod_that_breaks_off_cuts_the_client() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        for _ in range(SIZE // len(PIECE) - 1):
            await visit.send(PIECE)

    async with (
        pod(script) as web,
        proxy(simple([web.port], BUFFERED)) as running,
        connect(running.port) as client,
    ):
        await client.send(GET)
        await until(lambda: bool(running.proxy.snapshot().requests))
        assert not (await client.response()).complete


async def test_a_client_that_leaves_ends_it() -> None:
    giving = Giving()
    async with pod(giving) as web, proxy(simple([web.port], BUFFERED)) as running:
        async with connect(running.port) as client:
            await client.send(GET)
            await giving.has_given.wait()
            client.writer.transport.abort()
        await until(lambda: bool(running.proxy.snapshot().requests))
        watched = running.proxy._clock._watched
        assert not [each for each in watched if isinstance(each, BufferedExchange)]


async def test_what_annotations_say(tmp_path: Path) -> None:
    """proxy-buffering and its family: the pod has given all before the client reads."""
    shop = ingress(
        "web", "a.test",
        proxy_buffering="on",
        proxy_buffers_number="8",
        proxy_max_temp_file_size="64m",
        proxy_buffer_size="128k",
    )  # fmt: skip
    giving = Giving()
    async with (
        pod(giving) as web,
        served(tmp_path, web.port, shop) as running,
        connect(running.http) as client,
    ):
        await client.send(GET)
        await giving.has_given.wait()
        await read_whole(client)


@pytest.mark.parametrize(
    ("buffer_size", "status"), [(4 * 1024, 502), (64 * 1024, 502), (128 * 1024, 200)]
)
async def test_a_head_may_be_as_large_as_a_buffer(buffer_size: int, status: int) -> None:
    """proxy-buffer-size."""
    lines = b"".join(b"X-%d: %b\r\n" % (number, b"v" * 1000) for number in range(100))
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n%b\r\nok" % lines
    policy = Policy(buffering=Buffering(buffer_size=buffer_size))
    async with (
        pod(answering(answer)) as web,
        proxy(simple([web.port], policy)) as running,
        connect(running.port) as client,
    ):
        assert (await client.get()).status == status
