"""Fairness between namespaces: who writes Ingresses decides how many Secrets they name, and must
not decide how long the Secrets of others have to wait."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeAlias

from msgspec import Struct, field

from ingressd.resources.metadata import ObjectKey

SHORTEST_PAUSE = 0.05
"""Seconds between two that have had to wait, whosever they are."""


class Pace(Struct, frozen=True):
    """How often: each waits for ``delay`` seconds, and within these it is the turn of no more than
    ``most`` of a namespace, so that where there are more each waits longer."""

    delay: float
    most: int


AT_ONCE = Pace(0.0, 1)

_LaneKey: TypeAlias = tuple[str, Pace]
"""The namespace and pace of a lane."""


class _Lane(Struct):
    """Who waits equally long: whoever came first is due first."""

    due: OrderedDict[ObjectKey, float] = field(default_factory=OrderedDict)
    not_before: float = 0.0


class Schedule:
    """Whose turn it is: of those who are due, by namespace and pace, one each in turn."""

    def __init__(self) -> None:
        self._lanes: OrderedDict[_LaneKey, _Lane] = OrderedDict()
        self._paces: dict[ObjectKey, Pace] = {}
        self._not_before = 0.0

    def put(self, key: ObjectKey, pace: Pace, now: float) -> None:
        """Let it wait from now on, behind everybody of its namespace and pace."""
        self.discard(key)
        self._paces[key] = pace
        lane = self._lanes.setdefault((key.namespace, pace), _Lane())
        lane.due[key] = now + pace.delay

    def discard(self, key: ObjectKey) -> None:
        """Let it no longer wait, if it does."""
        pace = self._paces.pop(key, None)
        if pace is not None:
            lane = self._lanes[key.namespace, pace]
            del lane.due[key]
            if not lane.due:
                del self._lanes[key.namespace, pace]

    def hasten(self, namespace: str, pace: Pace, now: float) -> None:
        """Let all of a namespace and pace wait no longer."""
        lane = self._lanes.get((namespace, pace), _Lane())
        for key in tuple(lane.due):
            self.put(key, AT_ONCE, now)

    def take(self, now: float) -> ObjectKey | None:
        """Who is due, and then no longer waits."""
        due = next((each for each in self._lanes if self._due_at(each) <= now), None)
        if due is None:
            return None
        self._lanes.move_to_end(due)
        lane, (_, pace) = self._lanes[due], due
        lane.not_before = now + pace.delay / pace.most
        if pace != AT_ONCE:
            self._not_before = now + SHORTEST_PAUSE
        key = next(iter(lane.due))
        self.discard(key)
        return key

    def next_at(self) -> float | None:
        """When somebody is due; None if nobody waits."""
        return min(map(self._due_at, self._lanes), default=None)

    def _due_at(self, lane_key: _LaneKey) -> float:
        lane, (_, pace) = self._lanes[lane_key], lane_key
        not_before = 0.0 if pace == AT_ONCE else self._not_before
        return max(next(iter(lane.due.values())), lane.not_before, not_before)


class Places:
    """Who holds one of a limited number of places. All may be one namespace's while nobody else
    wants them; a namespace that wants more takes them from the one with most, until they have
    equally many."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._holders: dict[str, OrderedDict[ObjectKey, None]] = {}

    def claim(self, key: ObjectKey) -> ObjectKey | None:
        """Give it a place. Returns who has none in the end: nobody, it, or one who had to leave."""
        displaced = None
        if sum(map(len, self._holders.values())) >= self._limit:
            richest = max(self._holders.values(), key=len, default=OrderedDict())
            if len(richest) <= len(self._holders.get(key.namespace, ())) + 1:
                return key
            displaced = next(reversed(richest))
            self.release(displaced)
        self._holders.setdefault(key.namespace, OrderedDict())[key] = None
        return displaced

    def release(self, key: ObjectKey) -> None:
        """Take its place away, if it has one."""
        holders = self._holders.get(key.namespace, OrderedDict())
        holders.pop(key, None)
        if not holders:
            self._holders.pop(key.namespace, None)
