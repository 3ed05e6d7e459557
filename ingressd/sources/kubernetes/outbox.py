"""Where the watches of all kinds leave their events, to be fetched together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from ingressd.sources.events import Event, Synced


class Outbox:
    """Owner of the events that nobody has fetched yet.

    ``Synced`` is put in once everything that was expected has arrived for the first time.
    """

    def __init__(self, expected: Iterable[str]) -> None:
        self._expected = set(expected)
        self._events: list[Event] = []
        self._is_filled = asyncio.Event()
        self._failure: BaseException | None = None
        self._heed: Callable[[Sequence[Event]], Sequence[Event]] | None = None

    def show_first(self, heed: Callable[[Sequence[Event]], Sequence[Event]]) -> None:
        """Ask from now on what to leave in place of the events that come in."""
        self._heed = heed

    def put(self, events: Iterable[Event]) -> None:
        """Leave events.

        Who puts them has noted them as sent and will not bring them again. So where they cannot be
        heeded whoever fetches fails, and only a source that begins anew makes up for it.
        """
        left = tuple(events)
        try:
            self._events.extend(self._heed(left) if self._heed is not None else left)
        except Exception as error:  # a bug, that of one who heeds: not the fault of who puts
            self.fail(error)
        if self._events:
            self._is_filled.set()

    def expect(self, names: Iterable[str]) -> None:
        """Wait for these, too, before all is in sync."""
        self._expected.update(names)

    def arrived(self, name: str) -> None:
        """The first full state of one of them is here; again says nothing new."""
        if name in self._expected:
            self._expected.discard(name)
            if not self._expected:
                self.put([Synced()])

    def fail(self, error: BaseException) -> None:
        """Whoever fetches shall fail: one of those who fill it is no more. The first error is the
        one that tells why."""
        self._failure = self._failure or error
        self._is_filled.set()

    async def take(self) -> list[Event]:
        """Everything there is, once there is something: what came in one turn of the loop, from
        whatever kind, comes out together."""
        await self._is_filled.wait()
        await asyncio.sleep(0)
        if self._failure is not None:
            raise self._failure
        events, self._events = self._events, []
        self._is_filled.clear()
        return events
