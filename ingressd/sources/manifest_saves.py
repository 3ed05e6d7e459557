"""When a save is over: what was moved into its place is complete, what is written there is not.

Editors, kubectl and the kubelet write beside a file and rename: that is read at once. Whoever
writes into a file, or takes it away to write it anew, first has to be quiet.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import TypeAlias

from watchfiles import Change

STEP_MS = 5
"""Between two looks at what the kernel tells; one that shows nothing new ends a batch."""

QUIET_SECONDS = 0.05
"""A file that was written in its place is complete once nothing changed for this long."""

MAX_WAIT_SECONDS = 0.2
"""But constant change delays nothing beyond this."""

FileChange: TypeAlias = tuple[Change, str]
"""As watchfiles tells it: by absolute path, and a rename as the end of one and the start of
another."""


class Saves:
    """Puts batches of changes together until nobody seems to be in the midst of writing.

    ``is_read`` is whether an absolute path is, or leads to, something that is read already.
    """

    def __init__(
        self,
        batches: AsyncGenerator[set[FileChange], None],
        is_read: Callable[[str], bool],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._batches = batches
        self._is_read = is_read
        self._now = now
        self._next = asyncio.ensure_future(anext(batches, None))

    async def next(self) -> frozenset[str] | None:
        """Absolute paths that changed; None at the end."""
        found = await self._batch()
        if found is None:
            return None
        deadline = asyncio.get_running_loop().time() + MAX_WAIT_SECONDS
        while self._is_unfinished(found) and await self._is_disturbed(deadline):
            found |= await self._batch() or set()
        return frozenset(path for _, path in found)

    async def close(self) -> None:
        """Take no more."""
        self._next.cancel()
        await asyncio.gather(self._next, return_exceptions=True)
        await self._batches.aclose()

    async def _batch(self) -> set[FileChange] | None:
        found = await self._next
        if found is not None:
            self._next = asyncio.ensure_future(anext(self._batches, None))
        return found

    async def _is_disturbed(self, deadline: float) -> bool:
        """Whether something changes before it was quiet for long enough, or for too long not."""
        left = deadline - asyncio.get_running_loop().time()
        done, _ = await asyncio.wait((self._next,), timeout=max(0.0, min(QUIET_SECONDS, left)))
        return bool(done) and self._next.result() is not None

    def _is_unfinished(self, found: Iterable[FileChange]) -> bool:
        """A draft comes, is written and goes without ever being read."""
        return any(
            self._is_fresh(path) if change is Change.added or not self._is_read(path) else True
            for change, path in found
        )

    def _is_fresh(self, path: str) -> bool:
        """Whether what appeared is still being written, as far as that shows.

        What is read already and appears was moved into its place. Anything else may have been
        created there, and whoever writes it may pause.
        """
        try:
            written = os.stat(path).st_mtime
        except OSError:
            return False  # gone again
        quiet = STEP_MS / 1000 if self._is_read(path) else QUIET_SECONDS
        return self._now() - written < quiet
