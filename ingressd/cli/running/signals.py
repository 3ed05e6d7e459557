"""Signals as events: the first asks to leave, the second to leave at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

LEAVE = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """What has been asked so far. SIGHUP asks nothing: files are watched anyway."""

    def __init__(self) -> None:
        self.first = asyncio.Event()
        self.second = asyncio.Event()

    def note(self) -> None:
        """One more SIGTERM or SIGINT."""
        if self.first.is_set():
            self.second.set()
        self.first.set()


@contextmanager
def trapped_signals() -> Iterator[Signals]:
    """Within the block SIGTERM and SIGINT become events and SIGHUP is ignored."""
    loop = asyncio.get_running_loop()
    signals = Signals()
    for each in LEAVE:
        loop.add_signal_handler(each, signals.note)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    try:
        yield signals
    finally:
        for each in (*LEAVE, signal.SIGHUP):
            loop.remove_signal_handler(each)
