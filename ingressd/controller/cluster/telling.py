"""What there is to tell about each Ingress now, and what has been told already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from datetime import datetime

from msgspec import Struct

from ingressd.controller.cluster.event_plan import NORMAL, Involved, Occurrence, shortened
from ingressd.controller.observing import SeenIngress, Served
from ingressd.resources.ingress import Ingress
from ingressd.resources.metadata import ObjectKey

SYNCED = "Synced"
REPEAT_SECONDS = 1800.0
"""What lasts is told again: the API server forgets an Event after an hour."""

ARRIVAL_SECONDS = 60.0
"""A replica that comes to lead tells of Ingresses that went live this long ago, not of all."""

YOUNG_SECONDS = 600.0
"""An Ingress of this age at our start may be announced once more: whoever made it may still be
waiting. The API server keeps Events for an hour."""

_SHOWN_HOSTS = 5
_NEVER = float("-inf")


class Told:
    """Which occurrences of an Ingress were told, and when (seconds, any clock)."""

    def __init__(self) -> None:
        self._told: dict[ObjectKey, dict[Occurrence, float]] = {}

    def due(self, key: ObjectKey, now_there: Sequence[Occurrence], now: float) -> list[Occurrence]:
        """Those that are not told, or were told long ago. What is not there any more is forgotten,
        so that it is told when it comes back."""
        before = self._told.pop(key, {})
        identities = [_unversioned(each) for each in now_there]
        still = {each: before[each] for each in identities if each in before}
        if still:
            self._told[key] = still
        return [
            each
            for each, identity in zip(now_there, identities, strict=True)
            if now - still.get(identity, _NEVER) >= REPEAT_SECONDS
        ]

    def note(self, key: ObjectKey, occurrence: Occurrence, now: float) -> None:
        """It was told, or is never to be."""
        self._told.setdefault(key, {})[_unversioned(occurrence)] = now

    def keep_only(self, keys: Set[ObjectKey]) -> None:
        """Forget all other Ingresses."""
        for key in self._told.keys() - keys:
            del self._told[key]

    def clear(self) -> None:
        """Another replica told what there was to tell, so what was told here is old."""
        self._told.clear()


class Sweep:
    """A look at every Ingress, now and then: certificates expire without anything changing.

    Sweeps begin ``interval`` seconds after each other, or later while one goes on; the first
    begins at ``first``. Ingresses are handed out one at a time, for who has other things to do.
    """

    def __init__(self, interval: float, first: float) -> None:
        self._interval = interval
        self._next = first
        self._left: list[ObjectKey] = []

    def pause(self, now: float) -> float:
        """Seconds until there is something to take."""
        return 0.0 if self._left else max(0.0, self._next - now)

    def take(self, keys: Iterable[ObjectKey], now: float) -> list[ObjectKey]:
        """The next Ingress, if there is one; ``keys`` are those that a new sweep begins with."""
        if not self._left and now >= self._next:
            self._left = list(keys)
            self._next = now + self._interval
        return [self._left.pop()] if self._left else []


class Arrival(Struct, frozen=True):
    """An Ingress, or a new version of its spec, that workers serve from ``generation`` on."""

    generation: int
    at: float


class Arrivals:
    """Which Ingresses came to be served, or were edited, and are not announced yet.

    What comes or is edited while we watch is news. Of those that were there when we started, with
    an address none is: another replica or process served it. Without one it is new where we
    publish addresses (``publishes``). Where nobody does, nothing tells what was served before, and
    a rollout must not announce everything again: there it is news only if it is that young that
    its Event, if it has one, is still there; by its name it stays the same Event.

    ``started`` is when this process did, in seconds since the epoch.
    """

    def __init__(self, *, publishes: bool, started: float) -> None:
        self._publishes = publishes
        self._started = started
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
        if self._has_started or self._is_news(seen.ingress):
            self._waiting[key] = arrival

    def expire(self, now: float) -> None:
        """Forget those that are old news."""
        while self._waiting and now - next(iter(self._waiting.values())).at > ARRIVAL_SECONDS:
            del self._waiting[next(iter(self._waiting))]

    def first(self) -> tuple[ObjectKey, Arrival]:
        """The one that waits longest."""
        return next(iter(self._waiting.items()))

    def drop(self, key: ObjectKey, arrival: Arrival) -> None:
        """It is announced, or there is nothing to announce; a later version of it still is."""
        if self._waiting.get(key) == arrival:
            del self._waiting[key]

    def _is_news(self, found: Ingress) -> bool:
        if found.status.load_balancer.ingress:
            return False
        return self._publishes or self._started - _created(found) < YOUNG_SECONDS


def _created(found: Ingress) -> float:
    """``metadata.creationTimestamp`` in seconds since the epoch; long ago where there is none."""
    try:
        return datetime.fromisoformat(found.metadata.creation_timestamp or "").timestamp()
    except ValueError:
        return _NEVER


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
