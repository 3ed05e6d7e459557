"""All workers: started, told every change, replaced when they die, counted.

The supervisor never waits for a worker to take a change, and never serves a request itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Sequence

from msgspec import Struct, structs

from ingressd.proxy.limiting.memory import ALONE, Place, new_memory
from ingressd.proxy.limiting.usage import usage_bytes
from ingressd.proxy.observing.metrics import Snapshot
from ingressd.routing.delta import Delta
from ingressd.workers.backlog import Backlog, TableFrame, table_frame
from ingressd.workers.merging import merge, retire
from ingressd.workers.messages import Drain, Stop, Withdraw
from ingressd.workers.sockets import Listeners
from ingressd.workers.worker import Worker, WorkerSettings

log = logging.getLogger(__name__)

STABLE_AFTER = 10.0
"""Seconds after which a worker's death counts as its first again."""

_FIRST_DELAY = 0.1
_LONGEST_DELAY = 5.0
_DOUBLINGS = 16  # enough for the longest delay, and few enough for a float


class WorkerStatus(Struct, frozen=True):
    """One worker now. ``generation`` is 0 until it serves; ``lag`` is its loop's, in seconds.
    ``memory`` are the bytes that it holds, ``memory_limit`` those that it may, 0 for no limit.
    """

    index: int
    pid: int
    generation: int
    serving: bool
    lag: float
    memory: int = 0
    memory_limit: int = 0


def restart_delay(crashes: int) -> float:
    """Seconds to wait after this many quick deaths in a row: none at first, then doubling."""
    if crashes <= 1:
        return 0.0
    return float(min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** min(crashes - 2, _DOUBLINGS)))


class Supervisor:
    """Keeps one worker for each set of listeners.

    ``full_table`` gives the whole table as a delta; it is asked whenever a worker starts or has
    fallen too far behind, but never before the first :meth:`publish`. ``publish_failures`` counts
    the changes, or whole tables, that could not be told: workers keep what they have until the next
    one can.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        listeners: Sequence[Listeners],
        full_table: Callable[[], Delta],
    ) -> None:
        self.restarts = 0
        self.publish_failures = 0
        self._settings = settings
        self._listeners = tuple(listeners)
        self._full_table = full_table
        self._memory = ALONE
        self._published = False
        self._draining = False
        self._stopping = asyncio.Event()
        self._retired = Snapshot()
        self._backlogs: list[Backlog] = []
        self._workers: list[Worker] = []
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def status(self) -> tuple[WorkerStatus, ...]:
        """Every worker, in order."""
        return tuple(
            WorkerStatus(
                w.index,
                w.pid,
                backlog.generation,
                backlog.serving.is_set(),
                *(w.lag, w.memory, w.memory_limit),
            )
            for w, backlog in zip(self._workers, self._backlogs, strict=True)
        )

    @property
    def served_generation(self) -> int:
        """What every worker serves at least, 0 until each has its first table."""
        return min((backlog.generation for backlog in self._backlogs), default=0)

    def start(self, affinity_key: bytes = b"") -> None:
        """Spawn the workers; they listen once they have their first table.

        ``affinity_key`` is for settings that have none yet. After :meth:`stop` it does nothing.
        """
        if self._stopping.is_set():
            return
        if affinity_key:
            proxy = structs.replace(self._settings.proxy, affinity_key=affinity_key)
            self._settings = structs.replace(self._settings, proxy=proxy)
        if len(self._listeners) > 1:
            self._memory = new_memory(usage_bytes(len(self._listeners)))
        for index in range(len(self._listeners)):
            self._backlogs.append(Backlog(self._full_frame))
            self._workers.append(self._new_worker(index))
            self._tasks.append(asyncio.create_task(self._keep(index), name=f"worker {index}"))

    def publish(self, delta: Delta) -> None:
        """Tell every worker of a change; returns at once, and raises nothing.

        What cannot be told is lost for now; the next change is then told as the whole table.
        """
        if not self._published:
            self._published = True
            for backlog in self._backlogs:
                backlog.restart()
            return
        frame = self._frame(lambda: delta)
        for backlog in self._backlogs:
            if frame is not None:
                backlog.push(frame)
            else:
                backlog.miss()

    async def ready(self) -> None:
        """Wait until every worker serves."""
        for backlog in self._backlogs:
            await backlog.serving.wait()

    async def snapshot(self) -> Snapshot:
        """The counters of all workers there are and ever were."""
        current = await asyncio.gather(*(each.measure() for each in self._workers))
        return merge([self._retired, *current])

    def drain(self) -> None:
        """Let every worker, those to come too, close each connection after its current answer."""
        self._draining = True
        for worker in self._workers:
            worker.tell(Drain())

    def withdraw(self) -> None:
        """Accept nothing more, because somebody else does at the same sockets. Every answer is the
        last of its connection; those that wait for a request may stay until :meth:`stop`.

        No worker is started from now on.
        """
        self._stopping.set()
        for worker in self._workers:
            worker.tell(Withdraw())

    async def stop(self, grace: float) -> None:
        """Stop accepting, let workers finish within ``grace`` seconds, end those that do not.

        No worker is started from now on, and one that is just being started ends at once.
        """
        self._stopping.set()
        for worker in self._workers:
            worker.tell(Stop(grace))
        for listeners in self._listeners:
            listeners.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace + self._settings.exit_margin)
        self.kill()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._memory != ALONE:
            os.close(self._memory)
            self._memory = ALONE

    def kill(self) -> None:
        """End every worker now."""
        self._stopping.set()
        for task in self._tasks:
            task.cancel()

    def _new_worker(self, index: int) -> Worker:
        self._backlogs[index].begin()
        if self._published:
            self._backlogs[index].restart()
        place = Place(index, len(self._listeners), self._memory)
        worker = Worker(place, self._listeners[index], self._settings, self._backlogs[index])
        if self._draining:
            worker.tell(Drain())
        return worker

    async def _keep(self, index: int) -> None:
        """Live with one worker after the other until told to stop."""
        loop = asyncio.get_running_loop()
        crashes = 0
        while not self._stopping.is_set():
            started = loop.time()
            reason = await self._live(index)
            if self._stopping.is_set():
                return
            crashes = 1 if loop.time() - started > STABLE_AFTER else crashes + 1
            delay = restart_delay(crashes)
            log.error("worker %d is gone: %s; another one starts in %g s", index, reason, delay)
            self._replace(index)
            await self._pause(delay)

    async def _live(self, index: int) -> str:
        try:
            return await self._workers[index].run()
        except OSError as error:
            return f"cannot be started: {error}"
        except Exception as error:  # whatever the bug is, the place must not stay empty
            log.exception("the supervision of worker %d failed", index)
            return f"its supervision failed: {type(error).__name__}"

    async def _pause(self, seconds: float) -> None:
        """Sleep, but not through a stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    def _replace(self, index: int) -> None:
        """A new worker in the place of one that is gone, whose counters are kept."""
        self.restarts += 1
        self._retired = merge([self._retired, retire(self._workers[index].snapshot)])
        self._workers[index] = self._new_worker(index)

    def _full_frame(self) -> TableFrame | None:
        return self._frame(self._full_table)

    def _frame(self, make: Callable[[], Delta]) -> TableFrame | None:
        """As it travels, or None where it cannot: too large for a frame, or a bug."""
        try:
            return table_frame(make())
        except Exception:  # workers serve on; the controller must not end for it either
            self.publish_failures += 1
            log.exception("a change cannot be published; workers keep the table they have")
            return None
