"""Takes what a controller tells off the path of the change: no request waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from ingressd.controller.observing import Change, Observer
from ingressd.resources.metadata import ObjectKey

SLICE = 200
"""Ingresses that are handed on before others on the loop have their turn."""


class Digest:
    """Gathers changes, and hands them to observers in slices. The first, which is everything there
    is, comes whole; after that ``is_begun`` is set.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self.is_begun = asyncio.Event()
        self._observers = observers
        self._heard = asyncio.Event()
        self._generation = 0
        self._ingresses: set[ObjectKey] = set()
        self._services: set[str] = set()

    def hear(self, change: Change) -> None:
        """An :data:`Observer` that only remembers."""
        self._generation = change.generation
        self._ingresses |= change.ingresses
        self._services |= change.services
        self._heard.set()

    async def run(self) -> None:
        """Hand on what is heard, until cancelled."""
        while True:
            await self._heard.wait()
            self._heard.clear()
            for part in self._take():
                for observer in self._observers:
                    observer(part)
                await asyncio.sleep(0)
            self.is_begun.set()

    def _take(self) -> Iterator[Change]:
        """What was heard so far, with the latest generation: workers that have that have all."""
        keys, services = list(self._ingresses), frozenset(self._services)
        generation = self._generation
        self._ingresses, self._services = set(), set()
        size = SLICE if self.is_begun.is_set() else max(1, len(keys))
        for start in range(0, max(1, len(keys)), size):
            yield Change(generation, frozenset(keys[start : start + size]), services)
            services = frozenset()
