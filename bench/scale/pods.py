"""Pods within the benchmark's own process: they tell who they are, and keep WebSockets open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from bench.cluster.objects import POD_PORT

SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
BACKLOG = 4096


class _Visit(asyncio.Protocol):
    """One connection to a pod; a request is its head alone."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._head += data
        if self._head.endswith(b"\r\n\r\n"):
            is_upgrade = b"\r\nupgrade: websocket" in self._head.lower()
            self._transport.write(SWITCHING if is_upgrade else self._answer)
            self._head = b""


@asynccontextmanager
async def pod(address: str, port: int = POD_PORT) -> AsyncIterator[int]:
    """A pod whose answer is its address; yields its port."""
    body = address.encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Visit(answer), address, port, backlog=BACKLOG)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
