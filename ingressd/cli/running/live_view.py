"""What the admin port sees of the running program."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ingressd.admin.view import ReplicaState, State, WorkerState
from ingressd.cli.running.companion import Companion
from ingressd.controller.controller import Controller
from ingressd.controller.loop import Follower
from ingressd.logs import lost_lines
from ingressd.proxy.observing.metrics import Snapshot
from ingressd.resources.finding import Finding
from ingressd.routing.deciding.redirects import Ports
from ingressd.routing.table import Table
from ingressd.workers.supervisor import Supervisor

FINDINGS_LAST = 60.0
"""Seconds after which findings are gathered again though nothing changed: certificates expire."""


class LiveView:
    """A :class:`ingressd.admin.view.View` of a controller, what feeds it, and a supervisor.

    ``changed_at`` is seconds since the epoch, 0 before the first table.
    """

    def __init__(
        self,
        controller: Controller,
        supervisor: Supervisor,
        follower: Follower,
        ports: Ports,
        companion: Companion | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ports = ports
        self.is_draining = False
        self.changed_at = 0.0
        self._controller = controller
        self._supervisor = supervisor
        self._follower = follower
        self._companion = companion
        self._now = now
        self._findings: tuple[Finding, ...] = ()
        self._gathered_revision = -1
        self._gathered_at = 0.0

    @property
    def table(self) -> Table:
        """What is served."""
        return self._controller.table

    @property
    def findings(self) -> Sequence[Finding]:
        """Worst first; gathered when they are asked for and may have changed."""
        revision, now = self._controller.revision, self._now()
        is_fresh = now - self._gathered_at < FINDINGS_LAST
        if revision != self._gathered_revision or not is_fresh:
            self._findings = self._controller.findings
            self._gathered_revision, self._gathered_at = revision, now
        return self._findings

    @property
    def state(self) -> State:
        """The process and its workers now."""
        return State(
            draining=self.is_draining,
            changed_at=self.changed_at,
            restarts=self._supervisor.restarts,
            workers=tuple(
                WorkerState(
                    each.index,
                    each.pid,
                    each.generation,
                    each.serving,
                    *(each.lag, each.memory, each.memory_limit),
                )
                for each in self._supervisor.status
            ),
            kinds=tuple(self._follower.states),
            replica=self._replica,
            publish_failures=self._supervisor.publish_failures,
            source_failures=self._follower.failures,
            lost_log_lines=lost_lines(),
        )

    @property
    def _replica(self) -> ReplicaState | None:
        companion = self._companion
        if companion is None:
            return None
        return ReplicaState(companion.is_leader, dict(companion.failures))

    async def snapshot(self) -> Snapshot:
        """The counters of all workers."""
        return await self._supervisor.snapshot()
