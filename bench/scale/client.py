"""Clients that cost little themselves: many connections, and exact times of single requests."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

PATH = "/small"
CONNECTING_AT_ONCE = 50
PATIENCE = 10.0
"""Seconds for one answer, and for one change to show."""

WEBSOCKET = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
_IS_LAST = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class UnexpectedAnswer(Exception):
    """Another status than the one that was asked for, or an end without an answer."""


class Client(asyncio.Protocol):
    """One connection, with one request at a time."""

    def __init__(self) -> None:
        self.is_open = True
        self._received = b""
        self._answer: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Collect the answer."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if end and len(body) >= (int(length[1]) if length else 0):
            self._received = b""
            self._settle(head, body)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self.is_open = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(UnexpectedAnswer(f"the connection ended: {exc}"))

    async def get(self, host: str, headers: str = "", status: int = 200) -> bytes:
        """The body of the answer to a GET. Raises UnexpectedAnswer and TimeoutError."""
        self._answer = asyncio.get_running_loop().create_future()
        self._expected = b"HTTP/1.1 %d " % status
        self._transport.write(f"GET {PATH} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n".encode())
        async with asyncio.timeout(PATIENCE):
            return await self._answer

    def close(self) -> None:
        """Hang up."""
        self.is_open = False
        self._transport.abort()

    def _settle(self, head: bytes, body: bytes) -> None:
        assert self._answer is not None
        if _IS_LAST.search(head):
            self.close()
        if head.startswith(self._expected):
            self._answer.set_result(body)
        else:
            self._answer.set_exception(UnexpectedAnswer(head.decode(errors="replace")))


class Regular:
    """A client that comes back when its connection has had its share of requests."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._client: Client | None = None

    async def get(self, host: str) -> bytes:
        """As :meth:`Client.get`."""
        if self._client is None or not self._client.is_open:
            self._client = await connect(self._port)
        return await self._client.get(host)

    def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            self._client.close()


async def connect(port: int, source: str = "127.0.0.1") -> Client:
    """A connection to ingressd, from an address of its own where ports get scarce."""
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(
        Client, "127.0.0.1", port, local_addr=(source, 0), family=0
    )
    return client


@asynccontextmanager
async def crowd(
    port: int, count: int, host: str, headers: str = "", status: int = 200
) -> AsyncIterator[list[Client]]:
    """So many clients that make one request each and then keep still; they leave at the end."""
    clients: list[Client] = []
    doors = asyncio.Semaphore(CONNECTING_AT_ONCE)

    async def arrive(at: int) -> None:
        async with doors:
            clients.append(client := await connect(port, f"127.0.0.{2 + at % 8}"))
            await client.get(host, headers, status)

    try:
        async with asyncio.TaskGroup() as arriving:
            for at in range(count):
                arriving.create_task(arrive(at))
        yield clients
    finally:
        for client in clients:
            client.close()


async def latencies(
    port: int, host: str, seconds: float, *, clients: int = 4, rate: int = 250
) -> list[float]:
    """Seconds of each request of a few clients that make ``rate`` requests a second each."""
    found: list[float] = []

    async def keep_asking() -> None:
        client = Regular(port)
        await client.get(host)
        start = time.perf_counter()
        for number in range(int(seconds * rate)):
            await asyncio.sleep(start + number / rate - time.perf_counter())
            sent = time.perf_counter()
            await client.get(host)
            found.append(time.perf_counter() - sent)
        client.close()

    async with asyncio.TaskGroup() as asking:
        for _ in range(clients):
            asking.create_task(keep_asking())
    return found
