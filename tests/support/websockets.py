"""WebSockets: from end to end, with a pod that says everything backwards; and only in what makes a
connection one of theirs, with a pod that shouts.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import ClientWebSocketResponse, web

from support.pods import Visit

UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
ASK = b"GET / HTTP/1.1\r\nHost: a.test\r\n" + UPGRADE + b"\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\n" + UPGRADE + b"\r\n"


async def agree_and_shout(visit: Visit) -> None:
    """A pod that agrees to any upgrade, and sends back in upper case what comes then."""
    await visit.request()
    await visit.send(SWITCH)
    await shout(visit)


async def shout(visit: Visit) -> None:
    """Send back in upper case what comes."""
    while data := await visit.reader.read(1 << 16):
        await visit.send(data.upper())


@asynccontextmanager
async def websocket_pod(tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A pod that sends each message back reversed; its port."""
    runner = web.ServerRunner(web.Server(_say_backwards))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def converse(client: ClientWebSocketResponse) -> None:
    """A short message and a long one, there and back."""
    await client.send_str("abc")
    assert await client.receive_str() == "cba"
    await client.send_str("x" * 1_000_000)
    assert len(await client.receive_str()) == 1_000_000


async def _say_backwards(request: web.BaseRequest) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(message.data[::-1])
    return socket
