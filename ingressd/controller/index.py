"""A relation between sources and targets that can be read both ways."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Generic, TypeVar

S = TypeVar("S")
T = TypeVar("T")


class Index(Generic[S, T]):
    """Which targets each source points to, and which sources point to a target."""

    def __init__(self) -> None:
        self._targets: dict[S, frozenset[T]] = {}
        self._sources: dict[T, set[S]] = {}

    def put(self, source: S, targets: Iterable[T]) -> frozenset[T]:
        """Point ``source`` to exactly these targets (none: forget it).

        Returns the targets that gained or lost it.
        """
        new = frozenset(targets)
        old = self._targets.get(source, frozenset())
        if new:
            self._targets[source] = new
        else:
            self._targets.pop(source, None)
        for target in new - old:
            self._sources.setdefault(target, set()).add(source)
        for target in old - new:
            self._remove(source, target)
        return old ^ new

    def targets(self, source: S) -> Set[T]:
        """What ``source`` points to."""
        return self._targets.get(source, frozenset())

    def sources(self, target: T) -> Set[S]:
        """What points to ``target``."""
        return self._sources.get(target, frozenset())

    def _remove(self, source: S, target: T) -> None:
        sources = self._sources[target]
        sources.discard(source)
        if not sources:
            del self._sources[target]
