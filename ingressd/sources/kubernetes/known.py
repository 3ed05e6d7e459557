"""What is known of one collection: which version of each object, and up to where."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey, Resource
from ingressd.sources.events import Added, Deleted, Event, Modified, Reported
from ingressd.sources.kubernetes.envelopes import Bookmark, Gone, Page, Put, Refused

_NUMBER = re.compile(r"[0-9]{1,30}")


class Relisting(Struct):
    """A list while its pages come in: the differences to what was known up to ``reached``."""

    known: Mapping[ObjectKey, str]
    reached: str = ""
    events: list[Event] = field(default_factory=list)
    versions: dict[ObjectKey, str] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)

    def add(self, page: Page) -> None:
        """Compare a page, and let go of the objects that have not changed.

        A server that is not as far as it was has given the same versions to other changes.
        """
        has_gone_back = is_before(page.version, self.reached)
        for resource in page.objects:
            key, version = resource.key, resource.metadata.resource_version
            known = self.known.get(key)
            if known is None:
                self.events.append(Added(resource))
            elif not version or known != version or has_gone_back:
                self.events.append(Modified(resource))
            self.versions[key] = version
        self.refused.extend(page.refused)

    def may_hold(self, key: ObjectKey) -> bool:
        """Whether an object that is missing may be one that could not be read."""
        return any(refused.key is None or refused.key == key for refused in self.refused)


class Known:
    """Owner of the state of one collection.

    ``position`` is the resourceVersion from which a watch can go on, "" before the first list and
    once it is of no use.
    """

    def __init__(self, name: str) -> None:
        self.position = ""
        self._reached = ""
        self._name = name
        self._versions: dict[ObjectKey, str] = {}
        self._reported: set[str] = set()

    def relisting(self) -> Relisting:
        """Begin to compare a list with what is known."""
        return Relisting(self._versions, self._reached)

    def replace(self, listed: Relisting, position: str) -> list[Event]:
        """Take over a complete list: only what differs becomes events.

        An object that cannot be read stays in its last good state. One without a readable name
        might be any of those that are missing: then all of these stay.
        """
        events = listed.events
        for key, version in self._versions.items():
            if key in listed.versions:
                continue
            if listed.may_hold(key):
                listed.versions[key] = version
            else:
                events.append(Deleted(key))
        self._versions = listed.versions
        self.position = self._reached = position
        return [*events, *self._report(listed)]

    def take(self, change: Put | Gone | Bookmark | Refused) -> list[Event]:
        """Move on by one line of a watch. What comes a second time, or late, changes nothing."""
        version = _version(change)
        if not is_after(version, self.position):
            return []
        self.position = self._reached = version or self.position
        match change:
            case Put(resource):
                return [self._put(resource, version), *self._accept(resource.key)]
            case Gone(key):
                is_known = self._versions.pop(key, None) is not None
                return [*([Deleted(key)] if is_known else []), *self._accept(key)]
            case Refused():
                return [self._refuse(change)]
        return []

    def _put(self, resource: Resource, version: str) -> Event:
        is_new = resource.key not in self._versions
        self._versions[resource.key] = version
        return Added(resource) if is_new else Modified(resource)

    def _refuse(self, refused: Refused) -> Event:
        unit = self._unit(refused.key)
        self._reported.add(unit)
        return Reported(unit, refused.findings)

    def _accept(self, key: ObjectKey) -> Iterator[Event]:
        """There is nothing (more) to say against it."""
        unit = self._unit(key)
        if unit in self._reported:
            self._reported.discard(unit)
            yield Reported(unit, ())

    def _unit(self, key: ObjectKey | None) -> str:
        return str(key) if key is not None else f"{self._name} without a name"

    def _report(self, listed: Relisting) -> Iterator[Event]:
        """What is to be said against the objects of a list, in place of what was said before."""
        findings: dict[str, tuple[Finding, ...]] = dict.fromkeys(self._reported, ())
        self._reported.clear()
        for refused in listed.refused:
            unit = self._unit(refused.key)
            findings[unit] = findings.get(unit, ()) + refused.findings
            self._reported.add(unit)
        yield from (Reported(unit, told) for unit, told in findings.items())


def is_after(version: str, position: str) -> bool:
    """Whether a resourceVersion is news. Versions that are no numbers cannot be compared: they are
    news unless they are the same (KEP-5504: etcd's are numbers, and grow)."""
    if not _NUMBER.fullmatch(version) or not _NUMBER.fullmatch(position):
        return not version or version != position
    return int(version) > int(position)


def is_before(version: str, position: str) -> bool:
    """Whether a resourceVersion is known to be older."""
    if not _NUMBER.fullmatch(version) or not _NUMBER.fullmatch(position):
        return False
    return int(version) < int(position)


def _version(change: Put | Gone | Bookmark | Refused) -> str:
    return change.resource.metadata.resource_version if isinstance(change, Put) else change.version
