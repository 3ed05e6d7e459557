"""Answers that are paced, on real sockets."""

from __future__ import annotations

import time
from pathlib import Path

from support.annotated import ingress, served
from support.clients import connect
from support.pods import answering, pod
from support.proxies import proxy, simple
from support.waiting import until

from ingressd.routing.policy import Bandwidth, Policy

KIB = 1024
BODY = bytes(range(256)) * 4 * 160
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
PACED = Policy(bandwidth=Bandwidth(rate=64 * KIB, after=64 * KIB))
SOON = 0.2
"""Seconds; 160 KiB take half a second where 128 KiB come at once and 64 KiB a second follow."""


async def test_a_part_comes_at_once_and_the_rest_no_faster_than_allowed() -> None:
    async with (
        pod(answering(ANSWER)) as web,
        proxy(simple([web.port], PACED)) as running,
        connect(running.port) as client,
    ):
        for _ in range(2):
            started = time.monotonic()
            await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
            await client.reader.readuntil(b"\r\n\r\n")
            first = await client.reader.readexactly(127 * KIB)
            rest = await client.reader.readexactly(len(BODY) - len(first))
            assert first + rest == BODY
            assert time.monotonic() - started > SOON


async def test_what_annotations_say(tmp_path: Path) -> None:
    """limit-rate and limit-rate-after."""
    shop = ingress("web", "a.test", limit_rate="64", limit_rate_after="64")
    async with (
        pod(answering(ANSWER)) as web,
        served(tmp_path, web.port, shop) as running,
        connect(running.http) as client,
    ):
        started = time.monotonic()
        assert (await client.get()).body == BODY
        assert time.monotonic() - started > SOON


async def test_a_client_that_leaves_ends_it() -> None:
    async with (
        pod(answering(ANSWER)) as web,
        proxy(simple([web.port], Policy(bandwidth=Bandwidth(rate=KIB)))) as running,
    ):
        async with connect(running.port) as client:
            await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
            await client.reader.readexactly(KIB)
        await until(lambda: bool(running.proxy.snapshot().requests))
        assert not running.proxy.snapshot().open_connections
