"""How much memory this process takes, as the kernel counts it, and how much it may take."""

from __future__ import annotations

import os
import resource
from typing import NamedTuple

_PAGE = resource.getpagesize()
_CLOSED = -1
_LONGEST = 128  # bytes of seven numbers


class Use(NamedTuple):
    """How much of one sort of memory is in use, and may be: bytes. A limit of 0 is none."""

    used: int
    limit: int


class Reading(NamedTuple):
    """``resident`` is held in memory, ``mapped`` is address space (RLIMIT_AS)."""

    resident: Use
    mapped: Use


class MemoryGauge:
    """Reads the figures of this process. ``limit`` is what may be resident, 0 for all there is.

    The file stays open: descriptors may have run out when it matters.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._statm = os.open("/proc/self/statm", os.O_RDONLY)

    def read(self) -> Reading:
        """The figures now (proc_pid_statm(5)). RLIMIT_AS may be changed at any time (prlimit)."""
        mapped, resident, *_ = os.pread(self._statm, _LONGEST, 0).split()
        most, _ = resource.getrlimit(resource.RLIMIT_AS)
        return Reading(
            Use(int(resident) * _PAGE, self._limit),
            Use(int(mapped) * _PAGE, 0 if most == resource.RLIM_INFINITY else most),
        )

    def close(self) -> None:
        """Read no more. Harmless when that was said before."""
        if self._statm != _CLOSED:
            os.close(self._statm)
            self._statm = _CLOSED
