"""What cannot be parsed behind a good request: that one is answered first, as nginx does.

However the bytes arrive: together, or one after the other while the pod still works on the first.
"""

from __future__ import annotations

import asyncio

import pytest
from support.clients import Client, connect
from support.pods import Pod, Visit, pod
from support.proxies import proxy, simple

GET = b"GET /good HTTP/1.1\r\nHost: a.test\r\n\r\n"
POST = b"POST /good HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST /good HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n0\r\n\r\n"
)
BEHIND = {
    "garbage": b"GARBAGE\r\n\r\n",
    "half of it": b"GARBAGE",
    "both framings": CHUNKED.replace(b"Host", b"Content-Length: 5\r\nHost"),
    "a bad chunk": CHUNKED.replace(b"5\r\n", b"5x\r\n"),
    "garbage, then more": b"GARBAGE\r\n\r\n" + GET.replace(b"good", b"evil"),
}


class Slow:
    """A pod that answers when it is told to."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def script(self, visit: Visit) -> None:
        while await visit.request():
            await self.go_on.wait()
            await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")


@pytest.mark.parametrize("bad", BEHIND.values(), ids=BEHIND)
@pytest.mark.parametrize("good", [GET, POST, CHUNKED], ids=["get", "length", "chunks"])
async def test_in_one_segment(good: bytes, bad: bytes) -> None:
    slow = Slow()
    slow.go_on.set()
    async with (
        pod(slow.script) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        await client.send(good + bad)
        await _answered_then_refused(client, web)


@pytest.mark.parametrize("bad", BEHIND.values(), ids=BEHIND)
@pytest.mark.parametrize("good", [GET, POST, CHUNKED], ids=["get", "length", "chunks"])
async def test_while_the_pod_works(good: bytes, bad: bytes) -> None:
    slow = Slow()
    async with (
        pod(slow.script) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        await client.send(good)
        await web.arrived.wait()
        await client.send(bad)
        slow.go_on.set()
        await _answered_then_refused(client, web)


async def _answered_then_refused(client: Client, web: Pod) -> None:
    first, last = await client.response(), await client.response()
    assert (first.status, first.body, last.status) == (200, b"good", 400)
    assert await client.at_eof()
    assert [request.line.split(b" ")[1] for request in web.requests] == [b"/good"]
