"""A pod that keeps every byte it gets, reads it strictly, and says who asked what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from support.strict import NotHttp, Seen, read_requests


@dataclass
class Recorded:
    """One connection: what came by it, and how far it has been answered."""

    raw: bytes = b""
    answered: int = 0
    is_open: bool = True

    @property
    def requests(self) -> list[Seen]:
        """The whole requests. Raises NotHttp."""
        return read_requests(self.raw)[0]

    @property
    def rest(self) -> bytes:
        """What came after the last whole request. Raises NotHttp."""
        return read_requests(self.raw)[1]


@dataclass
class Recorder:
    """A server on a free loopback port; its answer's body is the request line it answers."""

    port: int = 0
    connections: list[Recorded] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    _open: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)

    @property
    def requests(self) -> list[Seen]:
        """Every whole request, connection by connection. Raises NotHttp."""
        return [request for each in self.connections for request in each.requests]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Recorded()
        self.connections.append(connection)
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        try:
            with suppress(NotHttp, ConnectionError):  # NotHttp comes again when a test looks
                while data := await reader.read(1 << 16):
                    connection.raw += data
                    self._answer(connection, writer)
        finally:
            connection.is_open = False
            self.changed.set()
            del self._open[task]
            writer.close()

    def _answer(self, connection: Recorded, writer: asyncio.StreamWriter) -> None:
        for request in connection.requests[connection.answered :]:
            body = b"" if request.line.startswith(b"HEAD ") else request.line
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(request.line), body)
            )
            connection.answered += 1
        self.changed.set()

    async def until_cut_short(self) -> None:
        """Wait until no connection is open by which half a request has come."""
        while any(each.is_open and each.rest for each in self.connections):
            self.changed.clear()
            await self.changed.wait()

    async def stop(self) -> None:
        """Cut what is open; a task that is cancelled would be complained of by asyncio."""
        for writer in self._open.values():
            writer.transport.abort()
        await asyncio.gather(*self._open)


@asynccontextmanager
async def recorder() -> AsyncIterator[Recorder]:
    found = Recorder()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        await found.stop()
        await server.wait_closed()
