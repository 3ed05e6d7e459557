"""What holds for all Ingresses, compiled from flags and the ConfigMap that one of them names."""

from __future__ import annotations

from ingressd.compiler.configmap.compiled import CompiledGlobals, compile_configmap
from ingressd.compiler.configmap.header_fields import objects_named
from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.guard import Guard
from ingressd.controller.store import Dirty, ObjectStore
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
        """Whether the ConfigMap, or one that it names, is among what changed."""
        names = (self._settings.configmap, *(key.qualified_name for key in self._named))
        return not dirty.configmaps.isdisjoint(names)

    def compile(self, store: ObjectStore) -> CompiledGlobals:
        """Compile it (again). Returns what held before."""
        before = self.compiled
        configmap = store.find(self._key, ConfigMap)
        self._named = objects_named(configmap.data) if configmap is not None else frozenset()
        self.compiled = (
            self._guard.attempt(
                self._key, lambda: compile_configmap(configmap, self._settings, store.get)
            )
            or before
        )
        return before
