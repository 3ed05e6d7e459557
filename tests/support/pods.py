"""Pods for tests: real TCP servers that answer byte for byte as a test says."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from support.messages import End, Headers, Message, split_head

Script = Callable[["Visit"], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CUT_SHORT = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
}
"""Answers after which a pod hangs up too early, by how they tell their end."""


@dataclass
class Received(Message):
    """One request as it arrived at a pod."""

    line: bytes
    headers: Headers
    body: bytes = b""
    raw_head: bytes = b""


@dataclass
class Visit(End):
    """One connection to a pod; ``request`` reads the next request from it."""

    pod: Pod
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    served: int = 0

    async def head(self) -> Received | None:
        try:
            raw = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        received = Received(*split_head(raw), raw_head=raw)
        self.pod.requests.append(received)
        self.pod.arrived.set()
        self.served += 1
        return received

    async def request(self) -> Received | None:
        received = await self.head()
        if received is None:
            return None
        length = received.value(b"content-length")
        if length is not None:
            received.body = await self.reader.readexactly(int(length))
        elif received.value(b"transfer-encoding") == b"chunked":
            while piece := await self.chunk():
                received.body += piece
        return received

    async def chunk(self) -> bytes:
        size = int(await self.reader.readline(), 16)
        piece = await self.reader.readexactly(size)
        await self.reader.readline()
        return piece

    def reset(self) -> None:
        """Close with RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass
class Pod:
    """A scripted server on a free loopback port, with a record of what it saw."""

    script: Script
    port: int = 0
    tls: ssl.SSLContext | None = None
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, limit=1 << 20, ssl=self.tls
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self.script(Visit(self, reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the proxy may hang up on a pod at any time, and a test may end
        finally:
            self._tasks.discard(task)
            writer.close()


def answering(response: bytes) -> Script:
    """A keep-alive server that gives the same answer to every request."""

    async def script(visit: Visit) -> None:
        while await visit.request():
            await visit.send(response)

    return script


async def echo(visit: Visit) -> None:
    """Answers with the request's body, or its path when there is none."""
    while received := await visit.request():
        body = received.body or received.line.split(b" ")[1]
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


def named(name: bytes) -> Script:
    """Answers with a name, so that a test can tell which pod it reached."""
    return answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(name), name))


def signed(name: bytes, received: Received) -> bytes:
    """An answer with a pod's name and the request's nonce, as ``support.load`` expects."""
    signature = b"X-Pod: %b\r\nX-Nonce: %b\r\n" % (name, received.value(b"x-nonce") or b"")
    return b"HTTP/1.1 200 OK\r\n%bContent-Length: 2\r\n\r\nok" % signature


def signing(name: bytes) -> Script:
    """Signs every answer."""

    async def script(visit: Visit) -> None:
        while received := await visit.request():
            await visit.send(signed(name, received))

    return script


@asynccontextmanager
async def pod(
    script: Script = echo, port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Pod]:
    server = Pod(script, port, tls)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def cuts(answer: bytes) -> list[list[bytes]]:
    """In which pieces it may arrive: in one, in two in every way, and byte by byte."""
    halves = [[answer[:at], answer[at:]] for at in range(1, len(answer))]
    return [[answer], *halves, [answer[at : at + 1] for at in range(len(answer))]]


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def black_hole(address: str = "127.0.0.1") -> Iterator[int]:
    """A port whose queue of connections is full: the kernel answers no more SYNs."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server((address, 0), backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]
