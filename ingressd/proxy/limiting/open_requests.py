"""How many requests of each client are under way: nginx's ``limit_conn``.

All workers see which slot is whose, and each counts in a column of its own: what a worker that
died has counted goes with its column.
"""

from __future__ import annotations

from ingressd.proxy.limiting.keys import Key
from ingressd.proxy.limiting.memory import Place, SharedMemory

SLOTS = 1 << 16
"""Clients with requests under way at the same time."""

_WAYS = 8
_SETS = SLOTS // _WAYS
_WORD = 8
_SET_BYTES = _WAYS * _WORD
_FINGERPRINT_BYTES = SLOTS * _WORD
_COLUMN_BYTES = SLOTS * 4


def table_bytes(workers: int) -> int:
    """The size of the table."""
    return _FINGERPRINT_BYTES + workers * _COLUMN_BYTES


class OpenRequests:
    """Owner of the counts, from ``start`` of the memory on."""

    def __init__(self, memory: SharedMemory, start: int, place: Place) -> None:
        self._memory = memory
        self._start = start
        counts = start + _FINGERPRINT_BYTES
        own = counts + place.index * _COLUMN_BYTES
        memory.clear(own, _COLUMN_BYTES)
        content = memory.content
        self._fingerprints = content[start:counts].cast("Q")
        self._own = content[own : own + _COLUMN_BYTES].cast("I")
        self._counts = content[counts : counts + place.workers * _COLUMN_BYTES].cast("I")

    def enter(self, key: Key, most: int) -> int | None:
        """Count a request unless ``most`` are under way, or there is no place left to count it.

        The slot is for :meth:`leave`.
        """
        first = key.position % _SETS * _WAYS
        start = self._start + first * _WORD
        self._memory.lock(start, _SET_BYTES)
        try:
            slot = self._find(first, key.fingerprint, most)
            if slot is not None:
                self._own[slot] += 1
            return slot
        finally:
            self._memory.unlock(start, _SET_BYTES)

    def leave(self, slot: int) -> None:
        """A request has ended. Nobody else writes this number, so it takes no lock."""
        self._own[slot] -= 1

    def _find(self, first: int, fingerprint: int, most: int) -> int | None:
        known = self._fingerprints[first : first + _WAYS].tolist()
        if fingerprint in known:
            slot = first + known.index(fingerprint)
            return slot if self._total(slot) < most else None
        for slot in range(first, first + _WAYS):
            if not self._total(slot):
                self._fingerprints[slot] = fingerprint
                return slot
        return None

    def _total(self, slot: int) -> int:
        return sum(self._counts[slot::SLOTS].tolist())
