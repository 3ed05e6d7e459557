"""Secrets that an Ingress names though they are not of type kubernetes.io/tls, and ConfigMaps.

All Secrets of that type are in one watch. What Ingresses that we serve name and that is not in
there is read by name, each for as long as it is named: the rest of a cluster's Secrets and
ConfigMaps is none of our business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from ingressd.resources.decoding import is_object_name
from ingressd.resources.finding import Finding
from ingressd.resources.ingress import Ingress, IngressClass
from ingressd.resources.metadata import ObjectKey
from ingressd.resources.secret import TLS_SECRET_TYPE, ConfigMap, Secret
from ingressd.sources.events import Added, Deleted, Event, Modified, Reported, Synced
from ingressd.sources.kubernetes.kinds import Scope, configmap_of_flags, secrets_named_by_flags
from ingressd.sources.kubernetes.secret_reading import SecretReading, Start
from ingressd.sources.kubernetes.secret_reports import findings_about
from ingressd.sources.kubernetes.watching import Watching

LINGER = 1.0
"""Seconds for which an object is kept though nobody names it any more: who takes it over may be
said in the next line, or by the next watch."""


class NamedSecrets:
    """Has those objects read by name that are wanted and that no other watch holds. By name the
    type that has a watch is left out, so that none is read twice."""

    def __init__(self, scope: Scope, shared: Watching, start: Start) -> None:
        self._outbox = shared.outbox
        self._wanted = _Wanted(scope)
        self._reading = SecretReading(shared, start, self._tell)
        self._told: dict[ObjectKey, tuple[Finding, ...]] = {}
        self._is_begun = False

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """What is at work, to be cancelled at the end."""
        return self._reading.tasks

    def heed(self, events: Sequence[Event]) -> Sequence[Event]:
        """Follow what is wanted after all these events of whatever watch; returns what to tell.

        The first ``Synced`` is when it is known what is missing: another one, after the first
        reading of each that is, takes its place.
        """
        for event in events:
            self._wanted.note(event)
        if self._is_begun:
            told = self._adjust()
            return [*told, *events] if told else events
        if Synced() not in events:
            return events
        self._is_begun = True
        self._adjust()
        is_held = self._reading.hold_synced()
        return [event for event in events if event != Synced()] if is_held else events

    def _adjust(self) -> list[Event]:
        told: list[Event] = []
        for secret in self._wanted.changed():
            if self._wanted.is_missing(secret):
                self._reading.begin(secret)
            elif secret in self._wanted.held:
                told += self._reading.stop(secret)
            elif self._reading.of(secret) is not None:
                asyncio.get_running_loop().call_later(LINGER, self._let_go, secret)
            told += self._report(secret)
        return told

    def _let_go(self, secret: ObjectKey) -> None:
        if not self._wanted.is_missing(secret):
            self._outbox.put(self._reading.stop(secret))

    def _tell(self, secret: ObjectKey) -> None:
        self._outbox.put(self._report(secret))

    def _report(self, secret: ObjectKey) -> list[Event]:
        """What to tell of it, if that is not told already."""
        reading, namers = self._reading.of(secret), self._wanted.namers(secret)
        fields = {namer: self._wanted.field(namer, secret) for namer in sorted(namers)}
        findings = findings_about(secret, reading, fields)
        before = self._told.pop(secret, ())
        if findings:
            self._told[secret] = findings
        return [Reported(f"{secret} by name", findings)] if findings != before else []


class _Wanted:
    """Owner of which objects are named and by whom (Ingresses that we serve, the ConfigMap of the
    flags; another flag stands as the Secret itself), and of which other watches hold. A change
    costs what it changes."""

    def __init__(self, scope: Scope) -> None:
        self.held: set[ObjectKey] = set()
        self._is_served = scope.is_served
        self._names = scope.names
        self._settings = configmap_of_flags(scope)
        self._names_of_settings = scope.names_of_settings
        self._ingresses: dict[ObjectKey, Ingress] = {}
        self._classes: dict[str, IngressClass] = {}
        self._named = {key: frozenset((key,)) for key in secrets_named_by_flags(scope)}
        self._namers = {key: {key} for key in self._named}
        self._changed = set(self._named)
        self._unsettled: set[ObjectKey] = set()

    def namers(self, secret: ObjectKey) -> AbstractSet[ObjectKey]:
        """Who names it."""
        return self._namers.get(secret, _NOTHING)

    def field(self, namer: ObjectKey, secret: ObjectKey) -> str:
        """Where it is named there."""
        ingress = self._ingresses.get(namer)
        if ingress is None:
            return "data" if namer == self._settings else ""
        return "spec.tls" if secret in _secrets_of(ingress) else "metadata.annotations"

    def is_missing(self, secret: ObjectKey) -> bool:
        """Whether it is to be read by name."""
        return secret in self._namers and secret not in self.held and secret != self._settings

    def note(self, event: Event) -> None:
        """Take in what decides. An IngressClass may make any Ingress ours."""
        match event:
            case Added(resource) | Modified(resource):
                self._put(resource)
            case Deleted(key) if key.kind == Ingress.__name__:
                if self._ingresses.pop(key, None) is not None:
                    self._unsettled.add(key)
            case Deleted(key) if key.kind == IngressClass.__name__:
                self._classes.pop(key.name, None)
                self._unsettled.update(self._ingresses)
            case Deleted(key) if key == self._settings:
                self._name(key, _NOTHING)
            case Deleted(key) if key in self.held:
                self.held.remove(key)
                self._changed.add(key)

    def _put(self, resource: object) -> None:
        match resource:
            case Ingress():
                if self._named_by(resource) or resource.key in self._ingresses:
                    self._ingresses[resource.key] = resource
                    self._unsettled.add(resource.key)
            case IngressClass():
                self._classes[resource.metadata.name] = resource
                self._unsettled.update(self._ingresses)
            case ConfigMap() if resource.key == self._settings:
                self._name(resource.key, self._names_of_settings(resource))
            case Secret(type=type_) if type_ == TLS_SECRET_TYPE and resource.key not in self.held:
                self.held.add(resource.key)
                self._changed.add(resource.key)

    def changed(self) -> list[ObjectKey]:
        """The objects of which something is different since this was asked last."""
        for namer in self._unsettled:
            ingress = self._ingresses.get(namer)
            is_ours = ingress is not None and self._is_served(ingress, self._classes)
            self._name(namer, self._named_by(ingress) if ingress and is_ours else _NOTHING)
        changed = sorted(self._changed)
        self._unsettled.clear()
        self._changed.clear()
        return changed

    def _named_by(self, ingress: Ingress) -> frozenset[ObjectKey]:
        return _secrets_of(ingress) | self._names(ingress)

    def _name(self, namer: ObjectKey, names: frozenset[ObjectKey]) -> None:
        before = self._named.pop(namer, _NOTHING)
        if names:
            self._named[namer] = names
        self._changed |= names ^ before
        for secret in names - before:
            self._namers.setdefault(secret, set()).add(namer)
        for secret in before - names:
            self._namers[secret].remove(namer)
            if not self._namers[secret]:
                del self._namers[secret]


_NOTHING: frozenset[ObjectKey] = frozenset()


def _secrets_of(ingress: Ingress) -> frozenset[ObjectKey]:
    """The Secrets in ``spec.tls[].secretName``, as far as they can exist: a name becomes part of a
    selector."""
    namespace = ingress.metadata.namespace
    names = {entry.secret_name for entry in ingress.spec.tls}
    return frozenset(ObjectKey("Secret", namespace, name) for name in names if is_object_name(name))
