"""Memory that the workers of a replica share, so that limits hold for the replica.

The kernel spreads connections over workers, and the few of one client never evenly: a rate that
were split among workers would refuse some of what it allows. So all count in the same memory, a
change at a time: record locks (fcntl) cost 2 microseconds, which only limited routes pay, and the
kernel takes them back from a worker that dies. A worker that is alone needs none.
"""

from __future__ import annotations

import os
from fcntl import LOCK_EX, LOCK_UN, lockf
from mmap import mmap

from msgspec import Struct

ALONE = -1


class Place(Struct, frozen=True):
    """The place of a worker among those of its replica. ``memory`` is the descriptor of what they
    share, or ALONE."""

    index: int = 0
    workers: int = 1
    memory: int = ALONE


SINGLE = Place()


def new_memory(size: int) -> int:
    """The descriptor of memory to share, in bytes, all of them 0. What is never written costs
    nothing."""
    descriptor = os.memfd_create("ingressd-limits")
    os.ftruncate(descriptor, size)
    return descriptor


class SharedMemory:
    """Mapped memory; ``content`` are its bytes."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self.content = memoryview(mmap(descriptor, size))

    def lock(self, start: int, length: int) -> None:
        """Wait until no other worker changes these bytes: it does so for microseconds."""
        if self._descriptor != ALONE:
            lockf(self._descriptor, LOCK_EX, length, start)

    def unlock(self, start: int, length: int) -> None:
        """Let others change these bytes."""
        if self._descriptor != ALONE:
            lockf(self._descriptor, LOCK_UN, length, start)

    def clear(self, start: int, length: int) -> None:
        """Make these bytes 0 again; memory that is not shared is new and has only such."""
        if self._descriptor != ALONE:
            self.content[start : start + length] = bytes(length)
