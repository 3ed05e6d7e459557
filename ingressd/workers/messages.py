"""What the supervisor and a worker say to each other, as two tagged unions."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from ingressd.proxy.limiting.memory import Place
from ingressd.proxy.observing.metrics import Snapshot
from ingressd.proxy.settings import ProxySettings
from ingressd.routing.delta import Delta


class Start(Struct, frozen=True, tag="start"):
    """The first command. ``http`` and ``https`` are descriptors of bound sockets, inherited;
    ``place`` is the worker's among all.

    The worker listens on them once it has applied its first table, and never before: until then a
    client is refused instead of getting a wrong 404.
    """

    settings: ProxySettings
    http: tuple[int, ...]
    https: tuple[int, ...]
    heartbeat_interval: float = 1.0
    place: Place = Place()


class Apply(Struct, frozen=True, tag="apply"):
    """Apply a delta in one step; the first one is a whole table."""

    delta: Delta


class Measure(Struct, frozen=True, tag="measure"):
    """Answer with :class:`Measured`."""


class Drain(Struct, frozen=True, tag="drain"):
    """Keep serving, but close each connection after its current answer."""


class Withdraw(Struct, frozen=True, tag="withdraw"):
    """Accept nothing more, and close each connection after its next answer: others serve the
    addresses now. A :class:`Stop` follows.
    """


class Stop(Struct, frozen=True, tag="stop"):
    """Accept nothing more, finish what is in flight within ``grace`` seconds, exit 0."""

    grace: float


class Applied(Struct, frozen=True, tag="applied"):
    """The worker serves this generation."""

    generation: int


class Heartbeat(Struct, frozen=True, tag="heartbeat"):
    """The worker's event loop turns. ``lag`` is how many seconds late it woke. ``memory`` are the
    bytes that it holds, ``memory_limit`` those that it may, 0 for all there are.
    """

    generation: int
    lag: float
    memory: int = 0
    memory_limit: int = 0


class Measured(Struct, frozen=True, tag="measured"):
    """The worker's counters since it started."""

    snapshot: Snapshot


class Fatal(Struct, frozen=True, tag="fatal"):
    """Why the worker is about to exit."""

    message: str


Command: TypeAlias = Start | Apply | Measure | Drain | Withdraw | Stop
"""From the supervisor to a worker."""

Report: TypeAlias = Applied | Heartbeat | Measured | Fatal
"""From a worker to the supervisor."""
