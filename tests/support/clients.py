"""Clients for tests: raw bytes in, parsed responses out."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from support.messages import End, Headers, Message, split_head


@dataclass
class Response(Message):
    """One response; ``complete`` is False when the connection ended before the body did."""

    status: int
    headers: Headers
    body: bytes = b""
    complete: bool = True
    trailers: bytes = b""


class Client(End):
    """A connection on which a test writes bytes and reads responses."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def get(
        self, path: bytes = b"/", host: bytes = b"a.test", extra: bytes = b""
    ) -> Response:
        await self.send(b"GET %b HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (path, host, extra))
        return await self.response()

    async def response(self, *, is_head: bool = False) -> Response:
        line, headers = split_head(await self.reader.readuntil(b"\r\n\r\n"))
        response = Response(int(line.split(b" ")[1]), headers)
        if not is_head and response.status not in (100, 101, 204, 304):
            await self._body(response)
        return response

    async def _body(self, response: Response) -> None:
        try:
            length = response.value(b"content-length")
            if length is not None:
                response.body = await self.reader.readexactly(int(length))
            elif response.value(b"transfer-encoding") == b"chunked":
                await self._chunks(response)
            else:
                response.body = await self.reader.read()
        except asyncio.IncompleteReadError as short:
            response.body += short.partial
            response.complete = False
        except ConnectionError:
            response.complete = False

    async def _chunks(self, response: Response) -> None:
        while True:
            line = await self.reader.readline()
            if not line.endswith(b"\r\n"):
                response.complete = False
                return
            size = int(line, 16)
            if size == 0:
                break
            response.body += await self.reader.readexactly(size)
            await self.reader.readexactly(2)
        while (line := await self.reader.readline()) not in (b"\r\n", b""):
            response.trailers += line

    async def at_eof(self) -> bool:
        """Whether the other side closed, with nothing more to read."""
        try:
            return await self.reader.read(1) == b""
        except ConnectionError:
            return True


@asynccontextmanager
async def connect(
    port: int, *, tls: ssl.SSLContext | None = None, server_name: str | None = None
) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=tls, server_hostname=server_name if tls else None, limit=1 << 20
    )
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()


@asynccontextmanager
async def connected(
    port: int, count: int, *, tls: ssl.SSLContext | None = None, server_name: str | None = None
) -> AsyncIterator[list[Client]]:
    """So many connections."""
    async with AsyncExitStack() as stack:
        connecting = (connect(port, tls=tls, server_name=server_name) for _ in range(count))
        yield [await stack.enter_async_context(each) for each in connecting]


async def fetch(port: int, path: bytes = b"/", host: bytes = b"a.test") -> Response:
    """One GET on a connection of its own."""
    async with connect(port) as client:
        return await client.get(path, host)
