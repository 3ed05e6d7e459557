"""Writes Events about Ingresses while we lead, so that ``kubectl describe ingress`` tells why."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
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
from ingressd.controller.cluster.telling import Arrival, Arrivals, Told, announcement
from ingressd.controller.controller import Controller
from ingressd.controller.observing import Change
from ingressd.resources.metadata import ObjectKey
from ingressd.sources.kubernetes.errors import ApiError, KubernetesError

COMPONENT = "ingressd"

_NOT_FOUND = 404
_CONFLICT = 409


class EventPace(Struct, frozen=True):
    """How fast Events are written. ``interval`` is seconds between two looks at every Ingress, as
    certificates expire without anything changing. ``settle`` lets one ``kubectl apply`` of many
    objects come to its end. ``glance`` is between two looks at what workers serve."""

    interval: float = 600.0
    settle: float = 1.0
    glance: float = 0.25


class EventWriter:
    """Tells what is to be told. :meth:`note` is called in every replica, :meth:`run` only while
    this one leads. ``served_generation`` gives the generation that every worker serves;
    ``instance`` is the name of this replica.
    """

    def __init__(
        self,
        controller: Controller,
        pen: Pen,
        *,
        served_generation: Callable[[], int],
        instance: str,
        pace: EventPace | None = None,
    ) -> None:
        self._controller = controller
        self._pen = pen
        self._served_generation = served_generation
        self._instance = instance
        self._pace = pace or EventPace()
        self._pending = Pending(self._pace.settle)
        self._arrivals = Arrivals()
        self._told = Told()
        self._correlator = Correlator()
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
        self._is_running = True
        self._arrivals.expire(_now())
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._look_at_all(), name="every Ingress")
                while True:
                    await self._tell_some()
        finally:
            self._is_running = False
            self._pending.clear()
            self._told.clear()

    async def _look_at_all(self) -> None:
        while True:
            self._pending.add(self._controller.ingresses)
            await asyncio.sleep(self._pace.interval)

    async def _tell_some(self) -> None:
        """One Ingress at a time: however many there are, nobody else on the loop waits for them."""
        await asyncio.sleep(0)
        for key in await self._pending.take(1, timeout=self._patience()):
            await self._tell_problems(key)
        if self._arrivals.is_due(self._served_generation()):
            await self._announce(*self._arrivals.take())

    def _patience(self) -> float | None:
        """How long to wait for a problem: that workers serve something new is not announced."""
        if self._arrivals.is_due(self._served_generation()):
            return 0.0
        return self._pace.glance if self._arrivals else None

    async def _tell_problems(self, key: ObjectKey) -> None:
        for occurrence in self._problems(key):
            if not await self._tell(occurrence):
                self._told.retract(key, occurrence)
                self._pending.add((key,))

    async def _announce(self, key: ObjectKey, arrival: Arrival) -> None:
        occurrence = self._announcement(key)
        if occurrence is not None and not await self._tell(occurrence):
            self._arrivals.put_back(key, arrival)

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
        """Whether this need not be tried again."""
        writing = self._correlator.plan(occurrence, time.time())
        if writing is None:
            return True
        await self._pen.turn()
        if not self._pen.may_write():
            return False
        try:
            await self._create_or_count(writing)
        except KubernetesError as error:
            if not self._pen.failed(error):
                return True
            self._correlator.undo(writing, time.time())
            return False
        self._pen.worked()
        return True

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
            await self._pen.send("POST", _path(writing), event_body(writing, self._instance))
        except ApiError as error:
            if error.status != _CONFLICT:
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
            if error.status != _NOT_FOUND:
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
