"""What must not be left behind, however long it goes on: logs, tasks, descriptors, memory."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from pathlib import Path
from typing import Any

MOST_GROWTH = 32 * 1024 * 1024
"""Bytes that the process may grow by, once it is warm."""

FEW = 8
"""Tasks and descriptors of a lane that may come and go: connections kept for the next request."""


class Watch(logging.Handler):
    """Collects what goes wrong without anybody being told; use as a context."""

    def __init__(self, lanes: int = 1) -> None:
        super().__init__(logging.WARNING)
        self._few = FEW * lanes
        self.complaints: list[str] = []
        self._descriptors = self._tasks = self._memory = 1 << 60

    def __enter__(self) -> Watch:
        logging.getLogger().addHandler(self)
        asyncio.get_running_loop().set_exception_handler(self._on_exception)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)
        asyncio.get_running_loop().set_exception_handler(None)

    def emit(self, record: logging.LogRecord) -> None:
        """A warning, or worse."""
        self.complaints.append(logging.Formatter().format(record))

    def _on_exception(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.complaints.append(f"{context['message']}: {context.get('exception')!r}")

    def begin(self) -> None:
        """The process is warm: from here on it may grow no more."""
        gc.collect()
        self._descriptors, self._tasks, self._memory = descriptors(), tasks(), memory()

    def growth(self) -> str:
        """What has grown since ``begin``, or ""."""
        gc.collect()
        more = {
            "descriptors": (descriptors() - self._descriptors, self._few),
            "tasks": (tasks() - self._tasks, self._few),
            "bytes": (memory() - self._memory, MOST_GROWTH),
        }
        grown = [f"{by} {what} more" for what, (by, most) in more.items() if by > most]
        return ", ".join(grown)


def descriptors() -> int:
    """Open descriptors of this process."""
    return len(os.listdir("/proc/self/fd"))


def tasks() -> int:
    """Tasks of this loop that have not ended."""
    return len(asyncio.all_tasks())


def memory() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
