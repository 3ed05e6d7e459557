"""What one worker still has to be told of the table: deltas, or the whole table once it is too far
behind. So a slow worker costs the supervisor a bounded amount and delays nobody else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from ingressd.routing.delta import Delta
from ingressd.workers.channel import encode_frame
from ingressd.workers.messages import Apply

MAX_BEHIND = 64
"""Deltas kept for a worker that is slow. Beyond that the whole table is cheaper."""


class TableFrame(NamedTuple):
    """An :class:`Apply` message as it travels, encoded once for all workers."""

    generation: int
    frame: bytes


def table_frame(delta: Delta) -> TableFrame:
    """``delta`` as it travels."""
    return TableFrame(delta.generation, encode_frame(Apply(delta)))


class Backlog:
    """The frames of one worker, from its first whole table on, and what it has confirmed.

    ``generation`` is what the worker serves, 0 before its first table; from then on ``serving`` is
    set. ``full_frame`` gives the whole table, None where it cannot travel: then the worker keeps
    what it has until the next change.
    """

    def __init__(self, full_frame: Callable[[], TableFrame | None]) -> None:
        self.generation = 0
        self.serving = asyncio.Event()
        self._full_frame = full_frame
        self._deltas: deque[TableFrame] = deque()
        self._needs_full = False
        self._sent = -1
        self._filled = asyncio.Event()

    def begin(self) -> None:
        """A new worker takes over: it serves nothing, and what its predecessor missed is moot."""
        self.generation = 0
        self.serving.clear()
        self._deltas.clear()
        self._needs_full = False
        self._filled.clear()

    def confirm(self, generation: int) -> None:
        """The worker serves this generation."""
        self.generation = generation
        self.serving.set()

    def restart(self) -> None:
        """The next frame is the whole table: the worker has none, or is too far behind."""
        self.miss()
        self._filled.set()

    def miss(self) -> None:
        """A delta is lost: the next change is told as the whole table."""
        self._deltas.clear()
        self._needs_full = True
        self._filled.clear()

    def push(self, delta: TableFrame) -> None:
        """Add a delta, which the whole table that may be due already holds."""
        if not self._needs_full:
            self._deltas.append(delta)
        if len(self._deltas) > MAX_BEHIND:
            self.restart()
        self._filled.set()

    async def next(self) -> TableFrame:
        """Wait for the next frame to send. Deltas that a whole table held are left out."""
        while True:
            await self._filled.wait()
            frame = self._take_full() if self._needs_full else self._deltas.popleft()
            if not self._deltas:
                self._filled.clear()
            if frame is not None and frame.generation > self._sent:
                self._sent = frame.generation
                return frame

    def _take_full(self) -> TableFrame | None:
        frame = self._full_frame()
        if frame is not None:
            self._needs_full = False
            self._sent = min(self._sent, frame.generation - 1)
        return frame
