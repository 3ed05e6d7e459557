"""Coarse time and deadlines: one timer for every connection instead of one per request."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice
from typing import Protocol

TICK = 0.25
"""Seconds between two looks at the deadlines; a deadline fires at most this much late."""

NEVER = float("inf")

AT_ONCE = 16
"""Deadlines that fire in one turn of the loop: thousands of clients that came together also end
together, and nobody else should have to wait for all of that."""


class Expiring(Protocol):
    """Something with a deadline, in the loop's time. ``deadline`` may be moved freely."""

    deadline: float

    def expire(self) -> None:
        """The deadline has passed. Called once per tick until it is moved or unwatched."""
        ...


class Clock:
    """Owner of the deadlines of one worker. ``now`` is the loop's time, up to one tick old."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._watched: set[Expiring] = set()
        self._timer: asyncio.TimerHandle | None = None
        self.now = loop.time()

    def start(self) -> None:
        """Begin to tick."""
        self._tick()

    def stop(self) -> None:
        """Tick no more; deadlines no longer fire."""
        if self._timer is not None:
            self._timer.cancel()

    def watch(self, item: Expiring) -> None:
        """Look at ``item.deadline`` from now on."""
        self._watched.add(item)

    def unwatch(self, item: Expiring) -> None:
        """Forget ``item``; harmless when it was not watched."""
        self._watched.discard(item)

    def _tick(self) -> None:
        self._timer = self.loop.call_later(TICK, self._tick)  # first: time goes on, come what may
        self.now = now = self.loop.time()
        self._expire(iter([item for item in self._watched if item.deadline <= now]))

    def _expire(self, due: Iterator[Expiring]) -> None:
        """Tell some of them, and the others in the next turn, if they are due still."""
        some = list(islice(due, AT_ONCE))
        for item in some:
            if item.deadline <= self.now and item in self._watched:
                item.expire()
        if len(some) == AT_ONCE:
            self.loop.call_soon(self._expire, due)
