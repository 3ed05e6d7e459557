"""The Ingresses that a writer has to look at again: each once, however often it changes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from ingressd.resources.metadata import ObjectKey


class Pending:
    """A set with a door: bounded by the number of Ingresses, and it can be waited at.

    What comes in stays for ``settle`` seconds, so that what belongs together is seen together.
    """

    def __init__(self, settle: float) -> None:
        self._settle = settle
        self._due: dict[ObjectKey, float] = {}
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._due)

    def add(self, keys: Iterable[ObjectKey], *, delay: float = 0.0) -> None:
        """Look at these again, not before ``delay`` seconds. Those that wait already keep their
        turn."""
        due = _now() + max(delay, self._settle)
        for key in keys:
            self._due.setdefault(key, due)
        if self._due:
            self._filled.set()

    def clear(self) -> None:
        """Nothing is to be looked at."""
        self._due.clear()

    async def take(self, limit: int, *, timeout: float | None = None) -> list[ObjectKey]:
        """Wait for the first that is due, and take up to ``limit``; none after ``timeout``."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while not (ready := self._ready(limit)):
                    await self._wait()
                for key in ready:
                    del self._due[key]
                return ready
        return []

    def _ready(self, limit: int) -> list[ObjectKey]:
        now = _now()
        ready: list[ObjectKey] = []
        for key, due in self._due.items():
            if due <= now:
                ready.append(key)
                if len(ready) == limit:
                    break
        return ready

    async def _wait(self) -> None:
        """Until something may be due, or something new came."""
        self._filled.clear()
        if not self._due:
            await self._filled.wait()
            return
        with suppress(TimeoutError):
            async with asyncio.timeout_at(min(self._due.values())):
                await self._filled.wait()


def _now() -> float:
    return asyncio.get_running_loop().time()
