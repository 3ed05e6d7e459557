"""What holds for all Ingresses, compiled from flags and the ConfigMap that one of them names."""

from __future__ import annotations

from ingressd.compiler.configmap.compiled import (
    CompiledGlobals,
    compile_configmap,
    without_readable_configmap,
)
from ingressd.compiler.configmap.header_fields import objects_named
from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.guard import Guard
from ingressd.controller.store import Dirty, ObjectStore
from ingressd.resources.finding import Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.resources.secret import ConfigMap


class GlobalUnits:
    """Owner of what holds for all Ingresses."""

    def __init__(self, settings: CompilerSettings, guard: Guard) -> None:
        namespace, _, name = settings.configmap.partition("/")
        self._key = ObjectKey(ConfigMap.__name__, namespace, name)
        self._settings = settings
        self._guard = guard
        self._named: frozenset[ObjectKey] = frozenset()
        self.compiled = CompiledGlobals(settings.global_policy)

    def concern(self, dirty: Dirty) -> bool:
        """Whether the ConfigMap, what is told of it, or one that it names is among what changed."""
        names = (self._settings.configmap, *(key.qualified_name for key in self._named))
        told = any(self._may_be(key) for key in dirty.reported)
        return told or not dirty.configmaps.isdisjoint(names)

    def compile(self, store: ObjectStore) -> CompiledGlobals:
        """Compile it (again). Returns what held before."""
        before = self.compiled
        self.compiled = self._guard.attempt(self._key, lambda: self._compiled(store)) or before
        return before

    def _compiled(self, store: ObjectStore) -> CompiledGlobals:
        configmap = store.find(self._key, ConfigMap)
        self._named = objects_named(configmap.data) if configmap is not None else frozenset()
        if configmap is None and self._is_unreadable(store):
            return without_readable_configmap(self._settings)
        return compile_configmap(configmap, self._settings, store.get)

    def _is_unreadable(self, store: ObjectStore) -> bool:
        """Whether there seems to be one all the same."""
        return any(
            self._may_be(found.subject) and found.severity is Severity.ERROR
            for found in store.reported
        )

    def _may_be(self, subject: ObjectKey) -> bool:
        """Whether it is the ConfigMap, or a file that may hold it."""
        return bool(self._settings.configmap) and (subject == self._key or subject.kind == "File")
