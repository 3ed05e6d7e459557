"""How far ahead of their rates clients are: nginx's ``limit_req``, a leaky bucket for each client.

The table has a fixed size, in sets of slots: where a set is full, a new client takes the slot of
the one that has been quiet the longest.
"""

from __future__ import annotations

from typing import NamedTuple

from ingressd.proxy.limiting.keys import Key
from ingressd.proxy.limiting.memory import SharedMemory

SLOTS = 1 << 17
"""Clients that are remembered; a zone of ingress-nginx (5m) holds about 80,000."""

_WAYS = 8  # slots of a set
_SETS = SLOTS // _WAYS
_SEEN = 1 * _WAYS  # when there was a request last; the fingerprints come before it
_COUNTED = 2 * _WAYS  # when one counted last
PER_SECOND, PER_MINUTE = 3 * _WAYS, 4 * _WAYS
"""Two rates can hold at once: where in a set the excess of each begins."""

_SET_WORDS = 5 * _WAYS
_WORD = 8
_SET_BYTES = _SET_WORDS * _WORD

TABLE_BYTES = _SETS * _SET_BYTES

ONE = 1000
"""A request, in the unit in which excess is measured."""


class Rate(NamedTuple):
    """Thousandths of a request: ``speed`` of them a second, ``burst`` of them ahead of time."""

    place: int
    speed: int
    burst: int

    def excess(self, before: int, elapsed: int) -> int:
        """How far ahead a request is that comes ``elapsed`` milliseconds after one that was
        ``before`` ahead."""
        return max(0, before - self.speed * elapsed // 1000 + ONE)


class RateTable:
    """Owner of what is remembered of clients, from ``start`` of the memory on."""

    def __init__(self, memory: SharedMemory, start: int) -> None:
        self._memory = memory
        self._start = start
        self._words = memory.content[start : start + TABLE_BYTES].cast("Q")

    def admits(self, key: Key, now: int, rates: tuple[Rate, ...]) -> bool:
        """Whether a request comes within all rates; it counts if it does. Milliseconds."""
        number = key.position % _SETS
        start = self._start + number * _SET_BYTES
        self._memory.lock(start, _SET_BYTES)
        try:
            return self._admits(number * _SET_WORDS, key.fingerprint, now, rates)
        finally:
            self._memory.unlock(start, _SET_BYTES)

    def _admits(self, first: int, fingerprint: int, now: int, rates: tuple[Rate, ...]) -> bool:
        words = self._words
        known = words[first : first + _WAYS].tolist()
        if fingerprint not in known:
            self._remember(first, fingerprint, now)
            return True
        slot = first + known.index(fingerprint)
        words[slot + _SEEN] = now
        elapsed = max(0, now - words[slot + _COUNTED])
        excesses = [rate.excess(words[slot + rate.place], elapsed) for rate in rates]
        if any(excess > rate.burst for excess, rate in zip(excesses, rates, strict=True)):
            return False
        for excess, rate in zip(excesses, rates, strict=True):
            words[slot + rate.place] = excess
        words[slot + _COUNTED] += elapsed
        return True

    def _remember(self, first: int, fingerprint: int, now: int) -> None:
        """A client's first request."""
        words = self._words
        times = words[first + _SEEN : first + _SEEN + _WAYS].tolist()
        slot = first + times.index(min(times))
        words[slot] = fingerprint
        words[slot + _SEEN] = words[slot + _COUNTED] = now
        words[slot + PER_SECOND] = words[slot + PER_MINUTE] = 0
