"""Writes Events about Ingresses while we lead, so that ``kubectl describe ingress`` tells why."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any

import msgspec
from msgspec import Struct

from ingressd.controller.cluster.event_plan import (
    Correlator,
    Occurrence,
    Writing,
    involved,
    occurrence_of,
)
from ingressd.controller.cluster.pen import Pen
from ingressd.controller.cluster.pending import Pending
from ingressd.controller.cluster.telling import Arrival, Arrivals, Sweep, Told, announcement
from ingressd.controller.controller import Controller
from ingressd.controller.observing import Change
from ingressd.resources.metadata import ObjectKey
from ingressd.sources.kubernetes.errors import CONFLICT, NOT_FOUND, ApiError, KubernetesError

COMPONENT = "ingressd"


class EventPace(Struct, frozen=True):
    """How fast Events are written. ``interval`` is seconds between two looks at every Ingress, as
    certificates expire without anything changing. ``settle`` lets one ``kubectl apply`` of many
    objects come to its end. ``glance`` is between two looks at what workers serve."""

    interval: float = 600.0
    settle: float = 1.0
    glance: float = 0.25


class Replica(Struct, frozen=True):
    """What Events depend on in this replica: its ``name``; whether it ``publishes`` addresses; the
    generation that each of its workers serves; and its ``tenure``, which is another one when a
    different replica has led since it was asked last.
    """

    name: str
    publishes: bool
    served_generation: Callable[[], int]
    tenure: Callable[[], str]


class _Outcome(Enum):
    WRITTEN = auto()
    REFUSED = auto()
    TRY_AGAIN = auto()


class EventWriter:
    """Tells what is to be told. :meth:`note` is called in every replica, :meth:`run` only while
    this one leads.

    What was told stays told when leading is interrupted, by an API server that was away for a
    moment, say. After another replica led we begin as a new process does: what it told, and how
    often, is found out where we would tell the same, as an Event's name follows from what it says.
    """

    def __init__(
        self, controller: Controller, pen: Pen, replica: Replica, pace: EventPace | None = None
    ) -> None:
        self._controller = controller
        self._pen = pen
        self._replica = replica
        self._pace = pace or EventPace()
        self._pending = Pending(self._pace.settle)
        self._arrivals = Arrivals(publishes=replica.publishes, started=time.time())
        self._told = Told()
        self._correlator = Correlator()
        self._tenure = ""
        self._is_running = False

    def note(self, change: Change) -> None:
        """Remember what has to be looked at again."""
        arrival = Arrival(change.generation, _now())
        for key in change.ingresses:
            self._arrivals.note(key, self._controller.ingress(key), arrival)
        self._arrivals.begin()
        if self._is_running:
            self._pending.add(change.ingresses)
        else:
            self._arrivals.expire(_now())

    async def run(self) -> None:
        """Tell what has to be told, until cancelled."""
        self._take_up()
        self._is_running = True
        sweep = Sweep(self._pace.interval, _now() + self._pace.settle)
        try:
            while True:
                await self._tell_some(sweep)
        finally:
            self._is_running = False
            self._pending.clear()

    def _take_up(self) -> None:
        """Go on where we stopped, unless another replica went on there."""
        tenure = self._replica.tenure()
        if tenure != self._tenure:
            self._told.clear()
            self._correlator.forget_counts()
        self._tenure = tenure
        self._told.keep_only(self._controller.ingresses)
        self._arrivals.expire(_now())

    async def _tell_some(self, sweep: Sweep) -> None:
        """One Ingress at a time: however many there are, nobody else on the loop waits for them,
        and what changed waits for no more than one of those that did not."""
        await asyncio.sleep(0)
        changed = await self._pending.take(1, timeout=self._patience(sweep))
        for key in changed or sweep.take(self._controller.ingresses, _now()):
            await self._tell_problems(key)
        if self._arrivals.is_due(self._replica.served_generation()):
            await self._announce()

    def _patience(self, sweep: Sweep) -> float:
        """How long to wait for a change: that workers serve something new is not announced."""
        if self._arrivals.is_due(self._replica.served_generation()):
            return 0.0
        pause = sweep.pause(_now())
        return min(pause, self._pace.glance) if self._arrivals else pause

    async def _tell_problems(self, key: ObjectKey) -> None:
        for occurrence in self._problems(key):
            if await self._tell(occurrence):
                self._told.note(key, occurrence, _now())
            else:
                self._pending.add((key,))

    async def _announce(self) -> None:
        key, arrival = self._arrivals.first()
        occurrence = self._announcement(key)
        if occurrence is None or await self._tell(occurrence):
            self._arrivals.drop(key, arrival)

    def _problems(self, key: ObjectKey) -> list[Occurrence]:
        seen = self._controller.ingress(key)
        if seen is None:
            return self._told.due(key, (), _now())
        subject = involved(seen.ingress)
        found = (occurrence_of(each, subject) for each in self._controller.findings_of(key))
        return self._told.due(key, [each for each in found if each is not None], _now())

    def _announcement(self, key: ObjectKey) -> Occurrence | None:
        seen = self._controller.ingress(key)
        if seen is None:
            return None
        return announcement(involved(seen.ingress), self._controller.served(key))

    async def _tell(self, occurrence: Occurrence) -> bool:
        """Whether this need not be tried again. What was not written is as if it never was planned,
        also when we are stopped in the middle of it."""
        writing = self._correlator.plan(occurrence, time.time())
        if writing is None:
            return True
        outcome = _Outcome.TRY_AGAIN
        try:
            outcome = await self._write(writing)
        finally:
            if outcome is not _Outcome.WRITTEN:
                self._correlator.undo(writing, time.time())
        return outcome is not _Outcome.TRY_AGAIN

    async def _write(self, writing: Writing) -> _Outcome:
        await self._pen.turn()
        if not self._pen.may_write():
            return _Outcome.TRY_AGAIN
        try:
            await self._create_or_count(writing)
        except KubernetesError as error:
            return _Outcome.TRY_AGAIN if self._pen.failed(error) else _Outcome.REFUSED
        self._pen.worked()
        return _Outcome.WRITTEN

    async def _create_or_count(self, writing: Writing) -> None:
        """Create the first of its kind, count the others; each becomes the other where the API
        server knows better."""
        if writing.count == 1 and await self._create(writing):
            return
        if not await self._count(writing):
            await self._create(writing)

    async def _create(self, writing: Writing) -> bool:
        """False when it exists already."""
        try:
            await self._pen.send("POST", _path(writing), event_body(writing, self._replica.name))
        except ApiError as error:
            if error.status != CONFLICT:
                raise
            return False
        return True

    async def _count(self, writing: Writing) -> bool:
        """False when it has expired. The answer tells the count of an Event that another replica
        or an earlier run began; telling it again is not one more occurrence."""
        patch: dict[str, Any] = {
            "message": writing.occurrence.message,
            "lastTimestamp": _time(writing.last),
        }
        if writing.count > 1:
            patch["count"] = writing.count
        path = f"{_path(writing)}/{writing.name}"
        try:
            raw = await self._pen.send("PATCH", path, patch)
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
            return False
        self._correlator.adopt(writing.name, _count_in(raw))
        return True


def event_body(writing: Writing, instance: str) -> dict[str, Any]:
    """A core/v1 Event, as ``kubectl describe`` reads it."""
    occurrence = writing.occurrence
    subject = occurrence.involved
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": writing.name, "namespace": subject.namespace},
        "involvedObject": {
            "kind": "Ingress",
            "apiVersion": "networking.k8s.io/v1",
            "namespace": subject.namespace,
            "name": subject.name,
            "uid": subject.uid,
            "resourceVersion": subject.resource_version,
        },
        "type": occurrence.type,
        "reason": occurrence.reason,
        "message": occurrence.message,
        "source": {"component": COMPONENT},
        "firstTimestamp": _time(writing.first),
        "lastTimestamp": _time(writing.last),
        "count": writing.count,
        "reportingComponent": COMPONENT,
        "reportingInstance": instance,
    }


class _EventCount(Struct, frozen=True):
    """What an answer tells of an Event."""

    count: int = 1


def _count_in(raw: bytes) -> int:
    """An answer that makes no sense tells nothing: only a count is at stake."""
    try:
        return msgspec.json.decode(raw, type=_EventCount).count
    except msgspec.DecodeError:
        return 1


def _path(writing: Writing) -> str:
    return f"/api/v1/namespaces/{writing.occurrence.involved.namespace}/events"


def _time(clock: float) -> str:
    """meta/v1 Time: RFC 3339 in UTC, whole seconds."""
    return datetime.fromtimestamp(clock, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _now() -> float:
    return asyncio.get_running_loop().time()
