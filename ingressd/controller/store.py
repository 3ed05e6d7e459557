"""Every object that was read, and which compiled units each of them feeds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from msgspec import Struct, field

from ingressd.compiler.services.upstream import ServiceObjects
from ingressd.controller.index import Index
from ingressd.resources.endpoints import Endpoints, EndpointSlice
from ingressd.resources.finding import Finding
from ingressd.resources.ingress import Ingress, IngressClass
from ingressd.resources.metadata import ObjectKey, Resource
from ingressd.resources.secret import ConfigMap, Secret
from ingressd.resources.service import Service
from ingressd.sources.events import Added, Deleted, Event, Modified, Reported

_R = TypeVar("_R", bound=Resource)
_NO_CLASS = ""


class Dirty(Struct):
    """What must be compiled again. Services, Secrets and ConfigMaps are ``namespace/name``;
    ``reported`` are objects of which a source says something else than before, which need no
    compiling."""

    ingresses: set[ObjectKey] = field(default_factory=set)
    reported: set[ObjectKey] = field(default_factory=set)
    services: set[str] = field(default_factory=set)
    secrets: set[str] = field(default_factory=set)
    configmaps: set[str] = field(default_factory=set)


class ObjectStore:
    """The objects as they are now, by kind and key, with what their sources report."""

    def __init__(self) -> None:
        self._held: dict[ObjectKey, Resource] = {}
        self._origins: dict[ObjectKey, str] = {}  # of those that have one: none in a cluster
        self._classes: dict[str, IngressClass] = {}
        self._reported: dict[str, tuple[Finding, ...]] = {}
        self._units_of_reported: Index[str, ObjectKey] = Index()
        self._services_of_slices: Index[ObjectKey, str] = Index()
        self._unlabelled: dict[ObjectKey, EndpointSlice] = {}
        self._classes_of_ingresses: Index[ObjectKey, str] = Index()

    def apply(self, event: Event, dirty: Dirty) -> None:
        """Take in one event, and add to ``dirty`` what it touches."""
        match event:
            case Added() | Modified():
                self._put(event.resource, event.origin, dirty)
            case Deleted():
                self._remove(event.key, dirty)
            case Reported():
                self._report(event, dirty)

    def find(self, key: ObjectKey, kind: type[_R]) -> _R | None:
        """The object of this kind, or None."""
        held = self._held.get(key)
        return held if isinstance(held, kind) else None

    def get(self, key: ObjectKey) -> Resource | None:
        """The object of this key, or None."""
        return self._held.get(key)

    def origin(self, key: ObjectKey) -> str:
        """Where an object was read, "" for a cluster or an object that does not exist."""
        return self._origins.get(key, "")

    @property
    def classes(self) -> Mapping[str, IngressClass]:
        """Every IngressClass by name."""
        return self._classes

    @property
    def unlabelled_slices(self) -> Collection[EndpointSlice]:
        """The EndpointSlices that name no Service."""
        return self._unlabelled.values()

    @property
    def reported(self) -> list[Finding]:
        """What the sources say of their input."""
        return [finding for findings in self._reported.values() for finding in findings]

    def reported_of(self, key: ObjectKey) -> list[Finding]:
        """What the sources say of one object."""
        units = self._units_of_reported.sources(key)
        told = (finding for unit in units for finding in self._reported[unit])
        return [finding for finding in told if finding.subject == key]

    def secret(self, name: str) -> Secret | None:
        """The Secret ``namespace/name``."""
        return self.find(_key("Secret", name), Secret)

    def service_objects(self, name: str) -> ServiceObjects:
        """The Service ``namespace/name`` and all that says where it leads."""
        slices = (self.find(key, EndpointSlice) for key in self._services_of_slices.sources(name))
        return ServiceObjects(
            service=self.find(_key("Service", name), Service),
            slices=tuple(entry for entry in slices if entry is not None),
            endpoints=self.find(_key("Endpoints", name), Endpoints),
        )

    def _report(self, event: Reported, dirty: Dirty) -> None:
        self._reported[event.unit] = event.findings
        subjects = {finding.subject for finding in event.findings}
        dirty.reported |= subjects | self._units_of_reported.targets(event.unit)
        self._units_of_reported.put(event.unit, subjects)

    def _put(self, resource: Resource, origin: str, dirty: Dirty) -> None:
        key = resource.key
        held = self._held.get(key)
        self._held[key] = resource
        self._place(key, origin)
        if held != resource:
            self._touch(key, resource, held, dirty)

    def _remove(self, key: ObjectKey, dirty: Dirty) -> None:
        held = self._held.pop(key, None)
        self._place(key, "")
        if held is not None:
            self._touch(key, None, held, dirty)

    def _place(self, key: ObjectKey, origin: str) -> None:
        if origin:
            self._origins[key] = origin
        else:
            self._origins.pop(key, None)

    def _touch(
        self, key: ObjectKey, new: Resource | None, old: Resource | None, dirty: Dirty
    ) -> None:
        """Follow one change into the indexes and to the units it feeds."""
        match new or old:
            case Ingress():
                dirty.ingresses.add(key)
                self._classes_of_ingresses.put(key, _class_names(new))
            case IngressClass():
                self._touch_class(key.name, new, old, dirty)
            case Service() | Endpoints():
                dirty.services.add(key.qualified_name)
            case EndpointSlice():
                self._touch_slice(key, new, dirty)
            case Secret():
                dirty.secrets.add(key.qualified_name)
            case ConfigMap():
                dirty.configmaps.add(key.qualified_name)

    def _touch_slice(self, key: ObjectKey, new: Resource | None, dirty: Dirty) -> None:
        """The Services it belonged and belongs to; it may belong to none."""
        dirty.services.update(self._services_of_slices.put(key, _service_names(new)))
        dirty.services.update(_service_names(new))
        if isinstance(new, EndpointSlice) and not new.service_name:
            self._unlabelled[key] = new
        else:
            self._unlabelled.pop(key, None)

    def _touch_class(
        self, name: str, new: Resource | None, old: Resource | None, dirty: Dirty
    ) -> None:
        """The Ingresses of the class and, where it is or was the default, those without one."""
        if isinstance(new, IngressClass):
            self._classes[name] = new
        else:
            self._classes.pop(name, None)
        dirty.ingresses.update(self._classes_of_ingresses.sources(name))
        if any(isinstance(entry, IngressClass) and entry.is_default for entry in (new, old)):
            dirty.ingresses.update(self._classes_of_ingresses.sources(_NO_CLASS))


def _key(kind: str, name: str) -> ObjectKey:
    namespace, _, own_name = name.partition("/")
    return ObjectKey(kind, namespace, own_name)


def _class_names(resource: Resource | None) -> tuple[str, ...]:
    if not isinstance(resource, Ingress):
        return ()
    return (resource.spec.ingress_class_name or _NO_CLASS,)


def _service_names(resource: Resource | None) -> tuple[str, ...]:
    if not isinstance(resource, EndpointSlice) or not resource.service_name:
        return ()
    return (f"{resource.metadata.namespace}/{resource.service_name}",)
