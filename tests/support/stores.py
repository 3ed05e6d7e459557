"""Stores of objects for tests."""

from __future__ import annotations

from ingressd.controller.store import Dirty, ObjectStore
from ingressd.resources.metadata import Resource
from ingressd.sources.events import Added, Event


def touched(store: ObjectStore, *events: Event) -> Dirty:
    """What these events touch in a store."""
    dirty = Dirty()
    for event in events:
        store.apply(event, dirty)
    return dirty


def filled(*resources: Resource) -> ObjectStore:
    """A store that holds these."""
    store = ObjectStore()
    touched(store, *map(Added, resources))
    return store
