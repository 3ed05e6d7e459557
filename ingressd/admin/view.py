"""What the admin port shows, as it asks for it; the command line puts the parts together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from ingressd.proxy.observing.metrics import Snapshot
from ingressd.resources.finding import Finding
from ingressd.routing.deciding.redirects import Ports
from ingressd.routing.table import Table
from ingressd.sources.events import KindState


class WorkerState(Struct, frozen=True):
    """One worker. ``generation`` is what it serves; ``lag`` is how late its loop woke, seconds.
    ``memory`` are the bytes that it holds, ``memory_limit`` those that it may, 0 for no limit.
    """

    index: int
    pid: int
    generation: int
    serving: bool
    lag: float
    memory: int = 0
    memory_limit: int = 0


class ReplicaState(Struct, frozen=True):
    """Our part in a cluster. ``write_failures`` counts them by what was to be written."""

    is_leader: bool
    write_failures: dict[str, int]


class State(Struct, frozen=True):
    """The process as a whole. ``changed_at`` is when the table last changed, seconds since 1970.
    ``kinds`` are those that are watched, none for files, where there is no ``replica`` either.
    ``publish_failures`` counts changes that workers could not be told, ``source_failures`` how
    often the source, or taking in what it says, failed: either is a bug or a lack of resources.
    ``lost_log_lines`` are those of this process; workers count their own."""

    draining: bool
    changed_at: float
    restarts: int
    workers: tuple[WorkerState, ...]
    kinds: tuple[KindState, ...] = ()
    replica: ReplicaState | None = None
    publish_failures: int = 0
    source_failures: int = 0
    lost_log_lines: int = 0

    @property
    def stale(self) -> float:
        """Seconds for which changes may have been missed."""
        return max((kind.stale for kind in self.kinds), default=0.0)

    @property
    def unready(self) -> str:
        """Why no traffic should come here, "" when it should."""
        if self.draining:
            return "shutting down"
        serving = sum(worker.serving for worker in self.workers)
        if not self.workers or serving < len(self.workers):
            obstacles = "".join(f"; {kind.obstacle}" for kind in self.kinds if kind.obstacle)
            return f"{serving} of {len(self.workers)} workers serve the first full table{obstacles}"
        return ""


class View(Protocol):
    """Read access to the running program."""

    @property
    def table(self) -> Table:
        """What is served; the same object until it changes."""
        ...

    @property
    def findings(self) -> Sequence[Finding]:
        """What is wrong with the objects behind it, worst first; the same until it changes."""
        ...

    @property
    def ports(self) -> Ports:
        """Where requests are taken."""
        ...

    @property
    def state(self) -> State:
        """How the process and its workers are."""
        ...

    async def snapshot(self) -> Snapshot:
        """The counters of all workers."""
        ...
