"""What a source says: objects that came, changed or went, and what is wrong with its input."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol, TypeAlias

from msgspec import Struct

from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey, Resource


class Added(Struct, frozen=True):
    """An object that was not there before. ``origin`` is where it was read, "" for a cluster."""

    resource: Resource
    origin: str = ""


class Modified(Struct, frozen=True):
    """A new state of an object that was there before."""

    resource: Resource
    origin: str = ""


class Deleted(Struct, frozen=True):
    """An object that is gone."""

    key: ObjectKey


class Reported(Struct, frozen=True):
    """All that is wrong with one unit of input (a file), in place of what was reported before."""

    unit: str
    findings: tuple[Finding, ...]


class Synced(Struct, frozen=True):
    """Everything that existed at the start has been sent: a table compiled now is complete."""


Event: TypeAlias = Added | Modified | Deleted | Reported | Synced


class KindState(Struct, frozen=True):
    """How up to date a watched kind is. ``stale`` is the seconds for which changes may have been
    missed: 0 while a watch is open. Lists and watches are counted after the first. ``obstacle`` is
    why nothing can be served, "" where that is not its fault."""

    kind: str
    stale: float
    relists: int
    restarts: int
    obstacle: str = ""


class Source(Protocol):
    """Yields batches of events; a batch is applied, and seen by requests, in one step."""

    @property
    def states(self) -> Sequence[KindState]:
        """Every kind that is watched over a network; none where all is at hand."""
        ...

    def batches(self) -> AsyncIterator[Sequence[Event]]:
        """The initial state, ``Synced``, then every change until the iterator is closed."""
        ...
