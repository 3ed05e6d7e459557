"""A pod whose every answer has a number, so that whose answer it is can be told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from support.strict import NotHttp, Seen, read_requests


@dataclass
class Numbering:
    """A server on a free loopback port. ``seen`` are the requests since ``forget``, by number.

    ``broken`` says what came that is no request by the letter of the standard.
    """

    port: int = 0
    count: int = 0
    seen: dict[int, Seen] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    _unfinished: int = 0
    _settled: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def forget(self) -> None:
        """What came so far concerns nobody any more."""
        self.seen.clear()

    async def settle(self) -> None:
        """Wait until no request is half here."""
        while self._unfinished:
            self._settled.clear()
            await self._settled.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        rest = b""
        try:
            while data := await reader.read(1 << 18):
                rest = self._take(rest, data, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass  # a request is cut short by a reset, and everything ends once
        except NotHttp as why:
            self.broken.append(str(why))
        finally:
            self._count(-bool(rest))
            self._tasks.discard(task)
            writer.close()

    def _take(self, rest: bytes, data: bytes, writer: asyncio.StreamWriter) -> bytes:
        requests, left = read_requests(rest + data)
        self._count(bool(left) - bool(rest))
        for request in requests:
            self._answer(request, writer)
        return left

    def _answer(self, request: Seen, writer: asyncio.StreamWriter) -> None:
        self.count += 1
        self.seen[self.count] = request
        body = b"%d %b" % (self.count, request.line)
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        writer.write(head if request.line.startswith(b"HEAD ") else head + body)

    def _count(self, change: int) -> None:
        self._unfinished += change
        self._settled.set()

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def numbering() -> AsyncIterator[Numbering]:
    pod = Numbering()
    server = await asyncio.start_server(pod.serve, "127.0.0.1", 0)
    pod.port = server.sockets[0].getsockname()[1]
    try:
        yield pod
    finally:
        server.close()
        await pod.stop()
        await server.wait_closed()
