"""What to write as Events (core/v1), and what is only more of the same: client-go's correlator.

The name of an Event follows from what it says, so that a restart and the next leader find the one
that is there instead of adding another.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Generic, TypeVar

from msgspec import Struct

from ingressd.controller.cluster.allowance import TokenBucket
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.ingress import Ingress

NORMAL = "Normal"
WARNING = "Warning"
LONGEST_MESSAGE = 1024  # what the API server accepts (events.k8s.io/v1 note), and client-go cuts at

REMEMBERED = 4096
"""Events, groups and objects kept in mind; the least recently used are forgotten."""

SIMILAR_LIMIT = 10
SIMILAR_SECONDS = 600.0
SPAM_BURST = 25
SPAM_RATE = 1 / 300

_COMBINED = "(combined from similar events): "
_LONGEST_NAME = 253
_HASH_CHARACTERS = 16

V = TypeVar("V")


class Involved(Struct, frozen=True):
    """``involvedObject``: the Ingress, and the version of it that was looked at."""

    namespace: str
    name: str
    uid: str
    resource_version: str


class Occurrence(Struct, frozen=True):
    """Something to tell about an Ingress."""

    involved: Involved
    type: str
    reason: str
    message: str


class Writing(Struct, frozen=True):
    """An Event to create, or where ``count`` is above 1 to bring up to this count."""

    name: str
    occurrence: Occurrence
    count: int
    first: float
    last: float


def involved(ingress: Ingress) -> Involved:
    """An Ingress as its Events refer to it."""
    meta = ingress.metadata
    return Involved(meta.namespace, meta.name, meta.uid, meta.resource_version)


def occurrence_of(finding: Finding, subject: Involved) -> Occurrence | None:
    """A finding as an Event; None for one that is only worth knowing."""
    if finding.severity is Severity.INFO:
        return None
    place = f"{finding.field}: " if finding.field else ""
    return Occurrence(
        subject, WARNING, finding.code, shortened(f"{place}{finding.message}; {finding.remedy}")
    )


def shortened(message: str) -> str:
    """Not longer than an Event may be."""
    if len(message) <= LONGEST_MESSAGE:
        return message
    return message[: LONGEST_MESSAGE - 1] + "…"


class Correlator:
    """Decides for each occurrence whether it is a new Event, one more of a known one, one of many
    similar ones that are told as one, or too much. Times are seconds since the epoch.
    """

    def __init__(self) -> None:
        self.suppressed = 0
        self._known: _Recent[_Known] = _Recent()
        self._similar: _Recent[_Similar] = _Recent()
        self._buckets: _Recent[TokenBucket] = _Recent()

    def plan(self, occurrence: Occurrence, now: float) -> Writing | None:
        """What to write. None for an object that has used up what it may say: 25 Events at once,
        then one in five minutes."""
        told = self._aggregated(occurrence, now)
        if not self._bucket(occurrence.involved, now).take(now):
            self.suppressed += 1
            return None
        name = _name_of(occurrence.involved, told)
        known = self._known.get(name) or self._known.put(name, _Known(0, now))
        known.count += 1
        return Writing(name, told.occurrence, known.count, known.first, now)

    def adopt(self, name: str, count: int) -> None:
        """The Event existed already with this count."""
        known = self._known.get(name)
        if known is not None:
            known.count = max(known.count, count)

    def undo(self, writing: Writing, now: float) -> None:
        """It was not written, so it neither counts nor uses up anything."""
        occurrence = writing.occurrence
        self._bucket(occurrence.involved, now).give_back()
        known = self._known.get(writing.name)
        if known is None:
            return
        known.count -= 1
        if not known.count:
            self._known.drop(writing.name)
            self._ungroup(occurrence)

    def forget_counts(self) -> None:
        """Another replica counted since: what an Event's count is, its next answer tells."""
        self._known = _Recent()

    def _ungroup(self, occurrence: Occurrence) -> None:
        similar = self._similar.get(_group_of(occurrence))
        if similar is not None:
            similar.messages.discard(occurrence.message)

    def _bucket(self, subject: Involved, now: float) -> TokenBucket:
        key = f"{subject.namespace}/{subject.name}/{subject.uid}"
        found = self._buckets.get(key)
        return found or self._buckets.put(key, TokenBucket(SPAM_RATE, SPAM_BURST, now))

    def _aggregated(self, occurrence: Occurrence, now: float) -> _Told:
        """The occurrence itself or, beyond ten different messages for the same reason within ten
        minutes, the one Event that stands for all further ones."""
        group = _group_of(occurrence)
        similar = self._similar.get(group)
        if similar is None or now - similar.last > SIMILAR_SECONDS:
            similar = self._similar.put(group, _Similar(now, set()))
        similar.last = now
        if len(similar.messages) < SIMILAR_LIMIT:
            similar.messages.add(occurrence.message)
        if occurrence.message in similar.messages:
            return _Told(occurrence, occurrence.message)
        message = shortened(_COMBINED + occurrence.message)
        combined = Occurrence(occurrence.involved, occurrence.type, occurrence.reason, message)
        return _Told(combined, _COMBINED)


class _Known(Struct):
    count: int
    first: float


class _Similar(Struct):
    last: float
    messages: set[str]


class _Told(Struct, frozen=True):
    """An occurrence, and the text that makes it the same as another one."""

    occurrence: Occurrence
    distinction: str


class _Recent(Generic[V]):
    """The values that were used last, by key."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, V] = OrderedDict()

    def get(self, key: str) -> V | None:
        if key in self._values:
            self._values.move_to_end(key)
        return self._values.get(key)

    def put(self, key: str, value: V) -> V:
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > REMEMBERED:
            self._values.popitem(last=False)
        return value

    def drop(self, key: str) -> None:
        self._values.pop(key, None)


def _group_of(occurrence: Occurrence) -> str:
    return f"{occurrence.involved.uid} {occurrence.type} {occurrence.reason}"


def _name_of(subject: Involved, told: _Told) -> str:
    """``<ingress>.<hash>``, a DNS subdomain as names have to be."""
    occurrence = told.occurrence
    same = "\0".join((subject.uid, occurrence.type, occurrence.reason, told.distinction))
    digest = hashlib.sha256(same.encode()).hexdigest()[:_HASH_CHARACTERS]
    stem = subject.name[: _LONGEST_NAME - 1 - _HASH_CHARACTERS].rstrip(".-")
    return f"{stem}.{digest}"
