"""What there is to tell about each Ingress now, and what has been told already."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ingressd.controller.cluster.event_plan import NORMAL, Involved, Occurrence, shortened
from ingressd.controller.observing import SeenIngress, Served
from ingressd.resources.metadata import ObjectKey

SYNCED = "Synced"
REPEAT_SECONDS = 1800.0
"""What lasts is told again: the API server forgets an Event after an hour."""

ARRIVAL_SECONDS = 60.0
"""A replica that comes to lead tells of Ingresses that went live this long ago, not of all."""

_SHOWN_HOSTS = 5


class Told:
    """Which occurrences of an Ingress were told, and when (seconds, any clock)."""

    def __init__(self) -> None:
        self._told: dict[ObjectKey, dict[Occurrence, float]] = {}

    def due(self, key: ObjectKey, now_there: Sequence[Occurrence], now: float) -> list[Occurrence]:
        """Those that are new, came back, or were told long ago. What is not there any more is
        forgotten."""
        before = self._told.pop(key, {})
        times = {_unversioned(each): now for each in now_there}
        due = []
        for each in now_there:
            identity = _unversioned(each)
            told_at = before.get(identity)
            if told_at is not None and now - told_at < REPEAT_SECONDS:
                times[identity] = told_at
            else:
                due.append(each)
        if times:
            self._told[key] = times
        return due

    def retract(self, key: ObjectKey, occurrence: Occurrence) -> None:
        """It could not be told after all."""
        self._told.get(key, {}).pop(_unversioned(occurrence), None)

    def clear(self) -> None:
        """Another replica tells from now on."""
        self._told.clear()


class Arrival(Struct, frozen=True):
    """An Ingress, or a new version of its spec, that workers serve from ``generation`` on."""

    generation: int
    at: float


class Arrivals:
    """Which Ingresses came to be served, or were edited, and are not announced yet.

    Of those that were there when we started, only the ones without an address are new: the others
    have been served before, by another replica or process.
    """

    def __init__(self) -> None:
        self._versions: dict[ObjectKey, tuple[str, int]] = {}
        self._waiting: dict[ObjectKey, Arrival] = {}
        self._has_started = False

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def is_due(self, generation: int) -> bool:
        """Whether there is one to take. Generations only grow, so the first is the lowest."""
        first = next(iter(self._waiting.values()), None)
        return first is not None and first.generation <= generation

    def begin(self) -> None:
        """What comes from now on was not there at the start."""
        self._has_started = True

    def note(self, key: ObjectKey, seen: SeenIngress | None, arrival: Arrival) -> None:
        """What an Ingress is now; None when it is gone."""
        if seen is None or not seen.is_ours:
            self._versions.pop(key, None)
            self._waiting.pop(key, None)
            return
        metadata = seen.ingress.metadata
        version = (metadata.uid, metadata.generation)
        if self._versions.get(key) == version:
            return
        self._versions[key] = version
        self._waiting.pop(key, None)
        if self._has_started or not seen.ingress.status.load_balancer.ingress:
            self._waiting[key] = arrival

    def expire(self, now: float) -> None:
        """Forget those that are old news."""
        while self._waiting and now - next(iter(self._waiting.values())).at > ARRIVAL_SECONDS:
            del self._waiting[next(iter(self._waiting))]

    def take(self) -> tuple[ObjectKey, Arrival]:
        """The one that waits longest."""
        key = next(iter(self._waiting))
        return key, self._waiting.pop(key)

    def put_back(self, key: ObjectKey, arrival: Arrival) -> None:
        """It could not be announced: it is the first again, unless it is there anew."""
        self._waiting = {key: arrival} | self._waiting


def announcement(subject: Involved, served: Served) -> Occurrence | None:
    """That an Ingress is live; None where nothing of it is."""
    if not served.routes:
        return None
    names = [host or "any host" for host in served.hosts]
    shown = ", ".join(names[:_SHOWN_HOSTS])
    if len(names) > _SHOWN_HOSTS:
        shown += f" and {len(names) - _SHOWN_HOSTS} more"
    routes = "1 route" if served.routes == 1 else f"{served.routes} routes"
    return Occurrence(subject, NORMAL, SYNCED, shortened(f"is live: {routes} on {shown}"))


def _unversioned(occurrence: Occurrence) -> Occurrence:
    """The same thing about a later version of the Ingress is the same thing."""
    where = occurrence.involved
    return Occurrence(
        Involved(where.namespace, where.name, where.uid, ""),
        occurrence.type,
        occurrence.reason,
        occurrence.message,
    )
