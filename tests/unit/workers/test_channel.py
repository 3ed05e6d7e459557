from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator

import pytest

from ingressd.proxy.settings import ProxySettings
from ingressd.routing.delta import Delta
from ingressd.routing.model import Certificate, Endpoint, Upstream
from ingressd.workers.channel import MAX_FRAME, BrokenChannel, Channel, encode_frame, open_channel
from ingressd.workers.messages import (
    Applied,
    Apply,
    Command,
    Drain,
    Fatal,
    Heartbeat,
    Report,
    Start,
    Stop,
)

Pair = tuple[Channel[Report], Channel[Command]]


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    ours, theirs = socket.socketpair()
    supervisor = await open_channel(ours, Report)
    worker = await open_channel(theirs, Command)
    yield supervisor, worker
    await supervisor.close()
    await worker.close()


async def test_every_command_arrives_as_it_was_sent(pair: Pair) -> None:
    supervisor, worker = pair
    certificate = Certificate("ab" * 32, b"chain", b"key", ("a.example.com",), 1.5, "shop/tls")
    upstream = Upstream("shop/web:80", (Endpoint("10.0.0.1", 8080),))
    commands: list[Command] = [
        Start(ProxySettings(affinity_key=b"\x00\xff"), (3, 4), (5,)),
        Apply(Delta(1, reset=True, upstreams=(upstream,), certificates=(certificate,))),
        Drain(),
        Stop(2.5),
    ]
    for command in commands:
        await supervisor.send(command)

    assert [await worker.receive() for _ in commands] == commands


async def test_reports_come_back(pair: Pair) -> None:
    supervisor, worker = pair
    worker.post(Applied(4))
    worker.post(Heartbeat(4, 0.25))

    assert await supervisor.receive() == Applied(4)
    assert await supervisor.receive() == Heartbeat(4, 0.25)


async def test_a_large_message_waits_until_the_other_side_reads(pair: Pair) -> None:
    supervisor, worker = pair
    names = tuple(f"host-{number}.example.com" for number in range(100_000))
    sending = asyncio.create_task(supervisor.send(Apply(Delta(1, removed_hosts=names))))
    await asyncio.wait([sending], timeout=0.01)

    assert not sending.done()
    received = await worker.receive()
    await sending
    assert received == Apply(Delta(1, removed_hosts=names))


async def test_the_end_of_the_stream_is_none(pair: Pair) -> None:
    supervisor, worker = pair
    await supervisor.close()

    assert await worker.receive() is None


async def test_once_closed_sending_fails_and_posting_is_lost(pair: Pair) -> None:
    supervisor, worker = pair
    await supervisor.close()
    supervisor.post(Drain())

    with pytest.raises(ConnectionError):
        await supervisor.send(Drain())
    assert await worker.receive() is None


@pytest.mark.parametrize(
    "written",
    [
        struct.pack("!I", 1) + b"\xc1",
        struct.pack("!I", MAX_FRAME + 1),
        struct.pack("!I", 16) + b"\x82\xa4type\xa5drain\xa1x\x00\x00",
    ],
    ids=["no msgpack", "too long", "trailing bytes"],
)
async def test_what_is_no_message_breaks_the_channel(written: bytes) -> None:
    ours, theirs = socket.socketpair()
    worker = await open_channel(theirs, Command)
    with ours:
        ours.sendall(written)
        with pytest.raises(BrokenChannel):
            await worker.receive()
    await worker.close()


async def test_a_message_whose_text_is_no_text_breaks_the_channel() -> None:
    ours, theirs = socket.socketpair()
    supervisor = await open_channel(ours, Report)
    with theirs:
        theirs.sendall(encode_frame(Fatal("why")).replace(b"why", b"\xff\xfe\xfd"))
        with pytest.raises(BrokenChannel):
            await supervisor.receive()
    await supervisor.close()


async def test_a_frame_cut_short_is_the_end() -> None:
    ours, theirs = socket.socketpair()
    worker = await open_channel(theirs, Command)
    with ours:
        ours.sendall(struct.pack("!I", 100) + b"half")

    assert await worker.receive() is None
    await worker.close()
