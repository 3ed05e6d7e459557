"""A relation between sources and targets that can be read both ways.

There are tens of thousands of both and most have one partner or a few, so that a set for each would
take more memory than all else here.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Generic, TypeAlias, TypeVar

FEW = 8
"""Partners of which a tuple is small, and quickly made again. A set takes 216 bytes for up to four,
728 for five."""

S = TypeVar("S")
T = TypeVar("T")
P = TypeVar("P")


class _Few(tuple[P, ...]):
    """Two partners or some more. A class of its own, because one partner may be a tuple itself."""

    __slots__ = ()


class _Many(set[P]):
    """Partners that come and go one by one without a copy of all others."""

    __slots__ = ()


_Partners: TypeAlias = P | _Few[P] | _Many[P]
"""Of one source or target, at least one; a single one stands for itself."""


class Index(Generic[S, T]):
    """Which targets each source points to, and which sources point to a target."""

    def __init__(self) -> None:
        self._targets: dict[S, _Partners[T]] = {}
        self._sources: dict[T, _Partners[S]] = {}

    def put(self, source: S, targets: Iterable[T]) -> frozenset[T]:
        """Point ``source`` to exactly these targets (none: forget it).

        Returns the targets that gained or lost it.
        """
        new, old = frozenset(targets), self.targets(source)
        if new == old:
            return frozenset()
        _keep(self._targets, source, new)
        for target in new - old:
            self._add(source, target)
        for target in old - new:
            self._remove(source, target)
        return old ^ new

    def targets(self, source: S) -> frozenset[T]:
        """What ``source`` points to."""
        return frozenset(_partners(self._targets.get(source)))

    def sources(self, target: T) -> Set[S]:
        """What points to ``target``."""
        return _partners(self._sources.get(target))

    def _add(self, source: S, target: T) -> None:
        found = self._sources.get(target)
        if found is None:
            self._sources[target] = source
        elif isinstance(found, _Many):
            found.add(source)
        else:
            _keep(self._sources, target, {*_partners(found), source})

    def _remove(self, source: S, target: T) -> None:
        found = self._sources[target]
        if isinstance(found, _Many) and len(found) > FEW:
            found.remove(source)
        else:
            _keep(self._sources, target, _partners(found) - {source})


def _partners(kept: _Partners[P] | None) -> Set[P]:
    if kept is None:
        return frozenset()
    if isinstance(kept, _Many):
        return kept
    return frozenset(kept if isinstance(kept, _Few) else (kept,))


def _keep(kept: dict[S, _Partners[T]], key: S, partners: Set[T]) -> None:
    """As little of them as their number needs."""
    if not partners:
        kept.pop(key, None)
    elif len(partners) == 1:
        (kept[key],) = partners
    else:
        kept[key] = _Few(partners) if len(partners) <= FEW else _Many(partners)
