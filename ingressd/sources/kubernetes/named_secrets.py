"""Secrets that an Ingress names though they are not of type kubernetes.io/tls.

Everything of that type is in one watch. What is named and not in there is watched by name, each for
as long as it is named: the rest of a cluster's Secrets is none of our business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct

from ingressd.resources.decoding import is_object_name
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.ingress import Ingress
from ingressd.resources.metadata import ObjectKey
from ingressd.resources.secret import TLS_SECRET_TYPE, Secret
from ingressd.sources.events import Added, Deleted, Event, Modified, Reported, Synced
from ingressd.sources.kubernetes.kinds import WatchedKind, untyped_secret
from ingressd.sources.kubernetes.watching import KindWatch, Watching

MOST_WATCHES = 200
"""Each takes a connection, and whoever writes Ingresses decides how many there could be."""

_UNIT = "Secrets by name"

Start: TypeAlias = Callable[[Coroutine[None, None, None]], asyncio.Task[None]]


class _Running(Struct, frozen=True):
    kind: WatchedKind
    watch: KindWatch
    task: asyncio.Task[None]


class NamedSecrets:
    """Owner of the watches by name. ``always`` are named by flags.

    No Secret is in two watches: those by name leave out the type, and one that the watch of the
    type holds is not watched by name.
    """

    def __init__(self, always: Iterable[ObjectKey], shared: Watching, start: Start) -> None:
        self._always = frozenset(always)
        self._shared = shared
        self._start = start
        self._named: dict[ObjectKey, frozenset[ObjectKey]] = {}
        self._held: set[ObjectKey] = set()
        self._running: dict[ObjectKey, _Running] = {}
        self._is_begun = False
        self._left_out = 0

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """What is at work, to be cancelled at the end."""
        return [running.task for running in self._running.values()]

    def heed(self, events: Sequence[Event]) -> Sequence[Event]:
        """Follow what the events of all watches name; returns what to tell.

        The first ``Synced`` is when it is known what is missing: another one, after the first list
        of each that is, takes its place.
        """
        has_news = any([self._note(event) for event in events])
        if self._is_begun:
            return [*self._adjust(), *events] if has_news else events
        if Synced() not in events:
            return events
        self._is_begun = True
        told = self._adjust()
        self._shared.outbox.expect(running.kind.address for running in self._running.values())
        return told if self._running else [*told, *events]

    def _note(self, event: Event) -> bool:
        """Whether it may change which Secrets are to be watched by name."""
        match event:
            case Added(Ingress() as ingress) | Modified(Ingress() as ingress):
                names = secrets_of(ingress)
                return _put(self._named, ingress.key, names) != names
            case Added(Secret(type=type_) as secret) | Modified(Secret(type=type_) as secret):
                held_before = len(self._held)
                if type_ == TLS_SECRET_TYPE:
                    self._held.add(secret.key)
                return len(self._held) != held_before
            case Deleted(key):
                was_held = key in self._held
                self._held.discard(key)
                return self._named.pop(key, None) is not None or was_held
        return False

    def _adjust(self) -> list[Event]:
        """Watch what is missing and nothing else; whatever runs already comes first."""
        missing = self._always.union(*self._named.values()) - self._held
        told = [event for key in self._running.keys() - missing for event in self._stop(key)]
        waiting = sorted(missing - self._running.keys())
        room = MOST_WATCHES - len(self._running)
        for key in waiting[:room]:
            self._begin(key)
        return [*told, *self._report(waiting[room:])]

    def _begin(self, key: ObjectKey) -> None:
        kind = untyped_secret(key)
        watch = KindWatch(kind, self._shared)
        self._running[key] = _Running(kind, watch, self._start(self._follow(kind, watch)))

    async def _follow(self, kind: WatchedKind, watch: KindWatch) -> None:
        try:
            await watch.forever()
        finally:
            self._shared.contacts.forget(kind)

    def _stop(self, key: ObjectKey) -> list[Event]:
        """End a watch; what it had said is taken back."""
        running = self._running.pop(key)
        running.task.cancel()
        self._shared.outbox.arrived(running.kind.address)
        return running.watch.taken_back()

    def _report(self, left_out: Sequence[ObjectKey]) -> Iterator[Event]:
        if len(left_out) != self._left_out:
            self._left_out = len(left_out)
            yield Reported(_UNIT, (_too_many(left_out),) if left_out else ())


def secrets_of(ingress: Ingress) -> frozenset[ObjectKey]:
    """The Secrets in ``spec.tls[].secretName``, as far as they can exist: a name becomes part of a
    selector."""
    namespace = ingress.metadata.namespace
    names = {entry.secret_name for entry in ingress.spec.tls}
    return frozenset(ObjectKey("Secret", namespace, name) for name in names if is_object_name(name))


def _put(
    named: dict[ObjectKey, frozenset[ObjectKey]], key: ObjectKey, names: frozenset[ObjectKey]
) -> frozenset[ObjectKey]:
    """Set what an Ingress names; returns what it named before."""
    before = named.pop(key, frozenset())
    if names:
        named[key] = names
    return before


def _too_many(left_out: Sequence[ObjectKey]) -> Finding:
    others = f" and {len(left_out) - 1} more are" if left_out[1:] else " is"
    return Finding(
        Severity.ERROR,
        "TooManySecretsByName",
        left_out[0],
        "",
        f"{left_out[0]}{others} not looked for: of Secrets that Ingresses name and that do not "
        f"exist with type {TLS_SECRET_TYPE}, only {MOST_WATCHES} are watched at a time",
        f"create them with type {TLS_SECRET_TYPE}, or remove names from spec.tls that nobody needs",
    )
