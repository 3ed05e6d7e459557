"""What one manifest file holds, and what all of them hold together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec
from msgspec import Struct

from ingressd.resources.decoding import Decoding, Located
from ingressd.resources.documents import decode_text, duplicate_object
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.sources.events import Added, Deleted, Event, Modified, Reported

MAX_FINDINGS = 200
"""Findings about one file; there may be one for every line of it."""

MAX_FILE_BYTES = 128 * 1024 * 1024  # 10,000 Ingresses take 10 MB


class Contents(Struct, frozen=True):
    """The objects a file stands for, kept ones included, and what is wrong with it."""

    objects: dict[ObjectKey, Located] = {}
    findings: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        return f"Contents({', '.join(map(str, self.objects))})"


def read_contents(name: str, read: Callable[[], bytes], last: Contents) -> Contents:
    """Read a file again. What cannot be read stays as it was in ``last``; raises nothing."""
    try:
        raw = read()
    except OSError as error:
        return _unread(name, f"cannot be read: {error.strerror}", last)
    if len(raw) > MAX_FILE_BYTES:
        return _unread(name, f"is larger than {MAX_FILE_BYTES >> 20} MiB", last)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        return _unread(name, f"is not UTF-8 text (byte {error.start})", last)
    if last.objects and not text.strip():
        return _unread(name, "is empty, as it is while it is being written", last)
    decoding = decode_text(text, name)
    findings = _capped(decoding.findings, name)
    return _with_kept(msgspec.structs.replace(decoding, findings=findings), last)


def _unread(name: str, reason: str, last: Contents) -> Contents:
    kept = "its last objects stay in use" if last.objects else "nothing of it is used"
    remedy = "repair it, or remove it and its objects go" if last.objects else "repair it"
    subject = ObjectKey("File", "", name)
    finding = Finding(
        Severity.ERROR, "UnreadableFile", subject, "", f"{reason}; {kept}", remedy, name
    )
    return Contents(last.objects, (finding,))


def _capped(findings: tuple[Finding, ...], name: str) -> tuple[Finding, ...]:
    """The worst of them, and one that counts the others."""
    if len(findings) <= MAX_FINDINGS:
        return findings
    ordered = sorted(findings, key=lambda finding: finding.sort_key)
    rest = ordered[MAX_FINDINGS:]
    more = Finding(
        rest[0].severity,
        "MoreFindings",
        ObjectKey("File", "", name),
        "",
        f"and {len(rest)} more findings about this file, which are not listed",
        "repair those that are listed, then check again",
        name,
    )
    return (*ordered[:MAX_FINDINGS], more)


def _with_kept(decoding: Decoding, last: Contents) -> Contents:
    """A broken document may have been any object of the file: then all that are missing stay."""
    kept = {
        key: located
        for key, located in last.objects.items()
        if decoding.has_unknown or key in decoding.refused
    }
    current = {located.resource.key: located for located in decoding.objects}
    return Contents({**kept, **current}, decoding.findings)


class Holdings:
    """The contents of every file, and for each object the files that define it.

    The first file by name wins. A change costs what the changed files hold.
    """

    def __init__(self) -> None:
        self._files: dict[str, Contents] = {}
        self._holders: dict[ObjectKey, list[str]] = {}
        self._trouble: Mapping[str, tuple[Finding, ...]] = {}
        self._reported: dict[str, tuple[Finding, ...]] = {}

    @property
    def names(self) -> frozenset[str]:
        """The files that are held."""
        return frozenset(self._files)

    def contents(self, name: str) -> Contents:
        """What the file held last; nothing where it is new."""
        return self._files.get(name, Contents())

    def replace(
        self,
        changes: Mapping[str, Contents | None],
        trouble: Mapping[str, tuple[Finding, ...]],
    ) -> list[Event]:
        """Put files (None: gone) and findings outside of files; returns what that changes."""
        keys = {key for name in changes for key in self.contents(name).objects}
        keys.update(key for new in changes.values() if new for key in new.objects)
        before = {key: self._winner(key) for key in keys}
        touched = {*changes, *trouble, *self._trouble, *self._holders_of(keys)}
        for name, contents in changes.items():
            self._put(name, contents)
        self._trouble = trouble
        touched.update(self._holders_of(keys))
        events = (_event(key, before[key], self._winner(key)) for key in sorted(keys))
        return [*(event for event in events if event), *self._reports(touched)]

    def _put(self, name: str, contents: Contents | None) -> None:
        for key in self.contents(name).objects:
            self._holders[key].remove(name)
            if not self._holders[key]:
                del self._holders[key]
        if contents is None:
            self._files.pop(name, None)
            return
        self._files[name] = contents
        for key in contents.objects:
            holders = self._holders.setdefault(key, [])
            holders.append(name)
            holders.sort()

    def _holders_of(self, keys: Iterable[ObjectKey]) -> set[str]:
        return {name for key in keys for name in self._holders.get(key, ())}

    def _winner(self, key: ObjectKey) -> Located | None:
        holders = self._holders.get(key)
        return self._files[holders[0]].objects[key] if holders else None

    def _reports(self, names: Iterable[str]) -> list[Event]:
        events: list[Event] = []
        for name in sorted(names):
            findings = self._findings(name)
            if findings != self._reported.get(name, ()):
                events.append(Reported(name, findings))
            self._reported[name] = findings
            if not findings:
                del self._reported[name]
        return events

    def _findings(self, name: str) -> tuple[Finding, ...]:
        contents = self.contents(name)
        duplicates = (
            duplicate_object(located, winner)
            for key, located in contents.objects.items()
            if (winner := self._winner(key)) is not None and winner is not located
        )
        return (*self._trouble.get(name, ()), *contents.findings, *duplicates)


def _event(key: ObjectKey, old: Located | None, new: Located | None) -> Event | None:
    if new is None:
        return Deleted(key) if old else None
    if old is None:
        return Added(new.resource, new.origin)
    return None if old.resource == new.resource else Modified(new.resource, new.origin)
