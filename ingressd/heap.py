"""The heap of a process that reads much at its start, and keeps it.

Objects of a cluster and the tables made of them hold no cycles: counting references frees them. All
the collector could do is look at them again and again, which takes 0.1 s at 10,000 Ingresses.
"""

from __future__ import annotations

import ctypes
import gc
import time

LOADING_THRESHOLD = 500_000
"""New containers (without those that went) at which the collector looks at them: enough for a large
cluster, and few enough, some 100 MiB, for a start that fails again and again."""

LONGEST_COLLECTION = 0.020
"""Seconds; what makes a collection take longer is kept out of the next ones."""


class Heap:
    """Owner of the settings of this process's collector: there can be only one."""

    def __init__(self) -> None:
        self._thresholds = gc.get_threshold()
        self._began = 0.0

    def expect_load(self) -> None:
        """Before much is read: let the collector be."""
        gc.collect()
        gc.set_threshold(LOADING_THRESHOLD, *self._thresholds[1:])

    def settle(self) -> None:
        """After that: the collector looks at nothing that exists now, and what reading took besides
        goes back to the system."""
        gc.freeze()  # collecting first would take 60 ms for some hundred objects
        gc.set_threshold(*self._thresholds)
        gc.callbacks.append(self._freeze_if_slow)
        trim()

    def _freeze_if_slow(self, phase: str, _: dict[str, int]) -> None:
        """As much again has come since. What is in use now and becomes a cycle of garbage stays for
        good, which is little and happens seldom."""
        if phase == "start":
            self._began = time.perf_counter()
        elif time.perf_counter() - self._began > LONGEST_COLLECTION:
            gc.freeze()


def trim() -> None:
    """Give back to the system what was freed.

    Only glibc keeps what is freed in the midst of its heap, and only glibc has this function.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
