"""How fast an endpoint has answered lately (ingress-nginx ``load-balance: ewma``)."""

from __future__ import annotations

from math import exp

DECAY_SECONDS = 10.0
"""The time in which what was measured loses all but a third of its weight."""


class ResponseTime:
    """An average of seconds, in which what is older counts for less: an exponentially weighted
    moving one. ``now`` is monotonic time, in seconds."""

    __slots__ = ("_average", "_noted_at")

    def __init__(self, average: float, now: float) -> None:
        self._average = average
        self._noted_at = now

    def note(self, seconds: float, now: float) -> None:
        """It took so long to answer."""
        weight = self._weight(now)
        self._average = self._average * weight + seconds * (1.0 - weight)
        self._noted_at = now

    def score(self, now: float) -> float:
        """What is to be expected; the longer nobody has asked, the less, so that somebody will."""
        return self._average * self._weight(now)

    def _weight(self, now: float) -> float:
        return exp(-max(now - self._noted_at, 0.0) / DECAY_SECONDS)
