"""The same streams to ingressd and to nginx, before pods of the same kind: who passes what on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from support.fuzzing.mutation import Stream
from support.fuzzing.nginx import nginx
from support.fuzzing.numbering import Numbering, numbering
from support.fuzzing.reading import Reading, read_stream
from support.proxies import proxy, simple

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Passed = tuple[tuple[bytes, bytes], ...]
"""Request lines and bodies, in the order of their arrival."""

PATIENCE = 10.0


@dataclass(frozen=True)
class Behind:
    """What a pod saw of a stream; ``broken`` says what else came, that was no request."""

    passed: Passed
    broken: str = ""


@dataclass(frozen=True)
class Compared:
    """One stream and what became of it behind both."""

    stream: Stream
    reading: Reading
    ours: Behind
    theirs: Behind

    @property
    def is_same(self) -> bool:
        """Whether the pods saw the same."""
        return self.ours == self.theirs

    @property
    def common(self) -> int:
        """How many requests both passed on before they differed."""
        pairs = zip(self.ours.passed, self.theirs.passed, strict=False)
        return next((n for n, (one, other) in enumerate(pairs) if one != other), self._fewest)

    @property
    def _fewest(self) -> int:
        return min(len(self.ours.passed), len(self.theirs.passed))


@dataclass
class Door:
    """A proxy to try: how to connect to it, and its pod."""

    connect: Callable[[], Awaitable[Streams]]
    pod: Numbering

    async def attempt(self, stream: Stream) -> Behind:
        """Send a stream, wait for the end of the connection, and look at the pod."""
        self.pod.forget()
        async with asyncio.timeout(PATIENCE):
            reader, writer = await self.connect()
            with suppress(ConnectionError):
                writer.write(stream.raw)
                writer.write_eof()
                while await reader.read(1 << 18):
                    pass
            writer.close()
            await self.pod.settle()
        passed = tuple((each.line, each.body) for each in self.pod.seen.values())
        broken, self.pod.broken = " ".join(self.pod.broken), []
        return Behind(passed, broken)


class Pair:
    """ingressd and nginx, side by side."""

    def __init__(self, ours: Door, theirs: Door) -> None:
        self._ours = ours
        self._theirs = theirs

    async def compare(self, stream: Stream) -> Compared:
        """Send a stream to both."""
        ours, theirs = await asyncio.gather(
            self._ours.attempt(stream), self._theirs.attempt(stream)
        )
        return Compared(stream, read_stream(stream.raw), ours, theirs)


@asynccontextmanager
async def side_by_side(folder: Path, *, buffering: bool) -> AsyncIterator[Pair]:
    """Both, running, each with a pod of its own."""
    async with AsyncExitStack() as stack:
        our_pod = await stack.enter_async_context(numbering())
        their_pod = await stack.enter_async_context(numbering())
        running = await stack.enter_async_context(proxy(simple([our_pod.port])))
        door = await stack.enter_async_context(nginx(folder, their_pod.port, buffering=buffering))
        yield Pair(
            Door(lambda: asyncio.open_connection("127.0.0.1", running.port), our_pod),
            Door(lambda: asyncio.open_unix_connection(door), their_pod),
        )
