"""The loop between a source and the workers: batches of events in, deltas out.

Whatever fails here, the last good table stays served.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

from ingressd.controller.controller import Controller
from ingressd.routing.delta import Delta
from ingressd.sources.events import Event, KindState, Source

HOLD_OFF_SECONDS = 0.003
"""A burst is over when nothing came for this long."""

MAX_DELAY_SECONDS = 0.010
"""A burst that does not end is cut, so that no change waits longer than this."""

STABLE_AFTER = 60.0
"""Seconds after which the failure of a source counts as its first again."""

_FIRST_DELAY = 0.1
_LONGEST_DELAY = 30.0
_DOUBLINGS = 16  # enough for the longest delay, and few enough for a float

_log = logging.getLogger(__name__)

_Queue: TypeAlias = asyncio.Queue[Sequence[Event] | None]

Reopen: TypeAlias = Callable[[Exception], Source]
"""Gives a source in the place of one that failed so. The same one goes on where it was; another one
lists everything from the start."""


def restart_delay(failures: int) -> float:
    """Seconds to wait after this many failures of a source in a row."""
    return float(min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** min(failures - 1, _DOUBLINGS)))


class Follower:
    """Feeds a controller from a source for as long as it lives, and publishes every delta.

    Bursts are taken together. Nothing is published before the source is in sync. A source that
    fails is opened again, sooner or later; ``failures`` counts that, and every batch that the
    controller failed to take in. Both are bugs, or a machine that has run out of something.
    """

    def __init__(
        self,
        controller: Controller,
        source: Source,
        publish: Callable[[Delta], None],
        reopen: Reopen | None = None,
        *,
        hold_off: float = HOLD_OFF_SECONDS,
    ) -> None:
        self.failures = 0
        self._controller = controller
        self._source = source
        self._publish = publish
        self._reopen: Reopen = reopen or (lambda _: source)
        self._hold_off = hold_off

    @property
    def states(self) -> Sequence[KindState]:
        """What the source says of the kinds it watches."""
        return self._source.states

    async def run(self) -> None:
        """Follow until the source ends, which a watched one never does."""
        in_a_row = 0
        while True:
            opened = time.monotonic()
            try:
                await self._follow()
                return
            except Exception as error:  # what is served must outlive whatever the bug is
                in_a_row = 1 if time.monotonic() - opened > STABLE_AFTER else in_a_row + 1
                delay = restart_delay(in_a_row)
                self._note(f"the source failed; it is opened again in {delay:g} s")
                await asyncio.sleep(delay)
                self._open_again(error)

    def _open_again(self, error: Exception) -> None:
        source = self._reopen(error)
        if source is not self._source:
            self._source = source
            self._controller.begin_again()

    async def _follow(self) -> None:
        """One source to its end. Raises what it raises, once all that it sent is applied."""
        queue: _Queue = asyncio.Queue()
        reading = asyncio.create_task(_read(self._source, queue), name="source")
        try:
            await self._apply_bursts(queue)
            await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _apply_bursts(self, queue: _Queue) -> None:
        has_ended = False
        while not has_ended:
            events, has_ended = await _next_burst(queue, self._hold_off)
            self._apply(events)

    def _apply(self, events: Sequence[Event]) -> None:
        try:
            delta = self._controller.apply(events)
            if delta is not None:
                self._publish(delta)
        except Exception:  # a bug of the compiler's; the next batch compiles everything again
            self._note("changes could not be compiled")

    def _note(self, what: str) -> None:
        self.failures += 1
        _log.exception("%s; the last good table stays served", what)


async def _read(source: Source, queue: _Queue) -> None:
    """Move batches to the queue; None marks the end, whatever it was."""
    try:
        async for batch in source.batches():
            queue.put_nowait(batch)
    finally:
        queue.put_nowait(None)


async def _next_burst(queue: _Queue, hold_off: float) -> tuple[list[Event], bool]:
    """The events of one burst, and whether the source has ended."""
    events: list[Event] = []
    batch = await queue.get()
    deadline = asyncio.get_running_loop().time() + MAX_DELAY_SECONDS
    while batch is not None:
        events.extend(batch)
        try:
            async with asyncio.timeout_at(_quiet_until(hold_off, deadline)):
                batch = await queue.get()
        except TimeoutError:
            return events, False
    return events, True


def _quiet_until(hold_off: float, deadline: float) -> float:
    return min(asyncio.get_running_loop().time() + hold_off, deadline)
