"""One stream after the other until the time is up, or until one breaks something."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Protocol

from msgspec import Struct

from support.fuzzing.mutation import Mutator, Stream
from support.fuzzing.watch import Watch

WARM_UP = 300
"""Streams after which the process should grow no more."""

MOST_TRIES = 400
"""Tries at making a stream smaller."""

SMALLEST_SECONDS = 60.0
"""For how long it is tried."""


class Side(Protocol):
    """One side of a data plane."""

    async def attempt(self, stream: Stream) -> str:
        """What is wrong with what came of a stream, or ""."""
        ...


Open = Callable[[Watch], AbstractAsyncContextManager[Side]]


class Front(Struct, frozen=True):
    """Where it is hunted: how a side is opened, the seeds, and how many go on side by side."""

    opening: Open
    seeds: tuple[Stream, ...]
    lanes: int = 1


class Bounds(Struct, frozen=True):
    """How long it goes on: ``seconds``, or ``streams``, whichever is first."""

    seconds: float
    streams: int = 1 << 60


class Finding(Struct, frozen=True):
    """A stream that breaks something; None where it was no single one."""

    why: str
    stream: Stream | None = None


class Hunt:
    """One campaign; what is tried depends on ``seed`` alone."""

    def __init__(self, front: Front, seed: int, bounds: Bounds) -> None:
        self._front = front
        self._seed = seed
        self._bounds = bounds
        self._end = time.monotonic() + bounds.seconds
        self.count = 0
        self.finding: Finding | None = None

    async def run(self) -> Finding | None:
        """The first finding, as small as it could be made."""
        with Watch(self._front.lanes) as watch:
            async with asyncio.TaskGroup() as lanes:
                for lane in range(self._front.lanes):
                    lanes.create_task(self._go(watch, lane))
            finding = self.finding
        if finding is not None and finding.stream is not None:
            return await smallest(self._front.opening, finding.stream, finding.why)
        return finding

    async def _go(self, watch: Watch, lane: int) -> None:
        mutator = Mutator(self._front.seeds, f"{self._seed}/{lane}")
        async with self._front.opening(watch) as side:
            while self._has_time:
                stream = mutator.stream()
                why = await side.attempt(stream)
                self._count(watch)
                if why and self.finding is None:
                    self.finding = Finding(why, stream)
            if not lane and self.finding is None and (growth := watch.growth()):
                self.finding = Finding(f"grows: {growth}")

    def _count(self, watch: Watch) -> None:
        self.count += 1
        if self.count == WARM_UP:
            watch.begin()

    @property
    def _has_time(self) -> bool:
        if self.finding is not None or self.count >= self._bounds.streams:
            return False
        return time.monotonic() < self._end


async def smallest(opening: Open, stream: Stream, why: str) -> Finding:
    """Delta debugging: drop whatever may be dropped while it still breaks the same thing."""
    end, tries = time.monotonic() + SMALLEST_SECONDS, 0
    found = stream
    candidates = _smaller(found)
    while (smaller := next(candidates, None)) and tries < MOST_TRIES and time.monotonic() < end:
        tries += 1
        again = await alone(opening, smaller)
        if _kind(again) == _kind(why):
            found, why, candidates = smaller, again, _smaller(smaller)
    return Finding(why, found)


async def alone(opening: Open, stream: Stream) -> str:
    """What is wrong with a stream on a data plane that has seen nothing else."""
    with Watch() as watch:
        async with opening(watch) as side:
            return await side.attempt(stream)


def _kind(why: str) -> str:
    return why.partition(":")[0]


def _smaller(stream: Stream) -> Iterator[Stream]:
    """The stream in fewer pieces, then without one part of it, large parts first."""
    for size in _halves(len(stream.pieces)):
        for at in range(0, len(stream.pieces) - 1, size):
            yield _joined(stream, at, at + size + 1)
    for size in _halves(len(stream.raw)):
        for start in range(0, len(stream.raw), size):
            yield _without(stream, start, start + size)


def _halves(size: int) -> Iterator[int]:
    while size:
        yield size
        size //= 2


def _joined(stream: Stream, start: int, end: int) -> Stream:
    pieces = stream.pieces
    return replace(stream, pieces=(*pieces[:start], b"".join(pieces[start:end]), *pieces[end:]))


def _without(stream: Stream, start: int, end: int) -> Stream:
    pieces, at = [], 0
    for piece in stream.pieces:
        pieces.append(piece[: max(0, start - at)] + piece[max(0, end - at) :])
        at += len(piece)
    return replace(stream, pieces=tuple(filter(None, pieces)))
