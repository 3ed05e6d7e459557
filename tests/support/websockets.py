"""WebSockets from end to end: a pod that says everything backwards, and a client that listens."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import ClientWebSocketResponse, web


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
