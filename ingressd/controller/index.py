"""A relation between sources and targets that can be read both ways.

There are tens of thousands of both and most have one partner, so that a set for each would take
more memory than all else here.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Generic, TypeVar

S = TypeVar("S")
T = TypeVar("T")


class _Several(set[S]):
    """Sources of one target. A single one stands for itself."""


class Index(Generic[S, T]):
    """Which targets each source points to, and which sources point to a target."""

    def __init__(self) -> None:
        self._targets: dict[S, tuple[T, ...]] = {}
        self._sources: dict[T, S | _Several[S]] = {}

    def put(self, source: S, targets: Iterable[T]) -> frozenset[T]:
        """Point ``source`` to exactly these targets (none: forget it).

        Returns the targets that gained or lost it.
        """
        new, old = frozenset(targets), self.targets(source)
        if new:
            self._targets[source] = tuple(new)
        else:
            self._targets.pop(source, None)
        for target in new - old:
            self._add(source, target)
        for target in old - new:
            self._remove(source, target)
        return old ^ new

    def targets(self, source: S) -> frozenset[T]:
        """What ``source`` points to."""
        return frozenset(self._targets.get(source, ()))

    def sources(self, target: T) -> Set[S]:
        """What points to ``target``."""
        if target not in self._sources:
            return frozenset()
        found = self._sources[target]
        return found if isinstance(found, _Several) else frozenset((found,))

    def _add(self, source: S, target: T) -> None:
        if target not in self._sources:
            self._sources[target] = source
            return
        found = self._sources[target]
        if isinstance(found, _Several):
            found.add(source)
        else:
            self._sources[target] = _Several((found, source))

    def _remove(self, source: S, target: T) -> None:
        found = self._sources[target]
        if not isinstance(found, _Several):
            del self._sources[target]
            return
        found.discard(source)
        if len(found) == 1:
            (self._sources[target],) = found
