"""Signals as events: the first asks to leave, the second to leave at once; another one asks for a
new process that takes over.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

LEAVE = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """What has been asked so far. SIGHUP asks nothing: files are watched anyway.

    ``first`` asks to leave, as does what is no signal: then ``is_replaced`` says that another
    process serves in our place. ``takeover`` asks for one, and is cleared by who tried that.
    """

    def __init__(self) -> None:
        self.first = asyncio.Event()
        self.second = asyncio.Event()
        self.takeover = asyncio.Event()
        self.is_replaced = False
        self._is_told = False

    def note(self) -> None:
        """One more SIGTERM or SIGINT."""
        (self.second if self._is_told else self.first).set()
        self._is_told = True

    def note_replaced(self) -> None:
        """Another process serves in our place. It does not count as a signal."""
        self.is_replaced = True
        self.first.set()

    def note_takeover(self) -> None:
        """One more SIGUSR2."""
        if self.first.is_set():
            log.warning("SIGUSR2: no new process is started, because this one leaves")
        elif self.takeover.is_set():
            log.warning("SIGUSR2: a new process is being started already")
        else:
            self.takeover.set()


@contextmanager
def trapped_signals() -> Iterator[Signals]:
    """Within the block SIGTERM, SIGINT and SIGUSR2 become events and SIGHUP is ignored."""
    loop = asyncio.get_running_loop()
    signals = Signals()
    for each in LEAVE:
        loop.add_signal_handler(each, signals.note)
    loop.add_signal_handler(signal.SIGUSR2, signals.note_takeover)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    try:
        yield signals
    finally:
        for each in (*LEAVE, signal.SIGUSR2, signal.SIGHUP):
            loop.remove_signal_handler(each)
