"""Puts the rooms together and lives until a signal: source -> controller -> workers, and admin.

``run`` and ``demo`` differ only in what they pass to :func:`serve`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import ExitStack
from functools import partial
from typing import TypeAlias

import msgspec
import uvloop
from msgspec import Struct

from ingressd.admin.server import AdminPort, admin_application
from ingressd.cli.running.companion import Companion
from ingressd.cli.running.handover import Handover, obstacle, own_command
from ingressd.cli.running.listening import Bound, Sockets, bind_all
from ingressd.cli.running.live_view import LiveView
from ingressd.cli.running.resuming import resume
from ingressd.cli.running.signals import Signals, trapped_signals
from ingressd.cli.running.systemd import notify
from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.controller import Controller
from ingressd.controller.loop import Follower, Reopen
from ingressd.controller.self_signed import self_signed_certificate
from ingressd.heap import Heap
from ingressd.proxy.settings import ProxySettings
from ingressd.routing.deciding.redirects import Ports
from ingressd.routing.delta import Delta
from ingressd.sources.events import Source
from ingressd.workers.sockets import NOTHING_INHERITED, Addresses
from ingressd.workers.supervisor import Supervisor
from ingressd.workers.takeover import (
    Predecessor,
    Successor,
    find_predecessor,
    start_successor,
)
from ingressd.workers.worker import WorkerSettings

log = logging.getLogger(__name__)

LONGEST_ANNOUNCEMENT = 10.0
"""Seconds that are enough for any load balancer to notice that we are leaving."""

SHORTEST_DEPARTURE = 1.0
"""Seconds that handing over takes, for which even an impatient exit waits."""


class ServeOptions(Struct, frozen=True):
    """How to serve. ``proxy.http_port`` and ``https_port`` are replaced by those that were bound.

    ``shutdown_grace_period`` is seconds from the first signal to the exit, at most. ``reads_stdin``
    is whether the source is standard input, which nobody can read a second time.
    """

    addresses: Addresses
    admin_port: int
    workers: int
    proxy: ProxySettings
    compiler: CompilerSettings
    shutdown_grace_period: float
    reads_stdin: bool = False


OnReady: TypeAlias = Callable[[Bound], None]
FindKey: TypeAlias = Callable[[asyncio.Event], Awaitable[bytes]]
"""Finds the affinity key; the event is set once the source is in sync."""


def run_until_done(life: Coroutine[None, None, bool]) -> bool:
    """Run :func:`serve` on uvloop; returns what it returns."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(life)


async def serve(
    options: ServeOptions,
    source: Source,
    on_ready: OnReady | None = None,
    find_key: FindKey | None = None,
    companion: Companion | None = None,
    reopen: Reopen | None = None,
) -> bool:
    """Serve what ``source`` says until SIGTERM or SIGINT, or until a process that SIGUSR2 had us
    start serves in our place. ``on_ready`` is called once every worker serves. Where
    ``options.proxy`` has no affinity key, workers start once ``find_key`` has one. ``companion``
    lives beside them, and leaves while they finish. ``reopen`` replaces a source that failed;
    without it the same one goes on.

    Returns whether the end was graceful; a second signal makes it immediate. Raises CannotListen.
    """
    with ExitStack() as undo:
        predecessor = find_predecessor(os.environ)
        if predecessor is not None:
            undo.callback(predecessor.close)
        inherited = predecessor.sockets if predecessor else NOTHING_INHERITED
        sockets = bind_all(
            options.addresses, options.admin_port, options.workers, inherited=inherited, undo=undo
        )
        feed = _Feed(source, reopen or partial(resume, source))
        serving = _Serving(options, feed, sockets, companion, predecessor)
        return await serving.live(on_ready, find_key)


def split_grace(total: float) -> tuple[float, float]:
    """Seconds to go on accepting while /readyz says 503, and seconds to finish the rest."""
    announcement = min(LONGEST_ANNOUNCEMENT, total / 3)
    return announcement, total - announcement


class _Feed(Struct, frozen=True):
    """Where objects come from, at first and once that has failed."""

    source: Source
    reopen: Reopen


class _Serving:
    """The running program."""

    def __init__(
        self,
        options: ServeOptions,
        feed: _Feed,
        sockets: Sockets,
        companion: Companion | None,
        predecessor: Predecessor | None,
    ) -> None:
        self._companion = companion
        self._predecessor = predecessor
        self._successor: Successor | None = None
        self._options = options
        self._sockets = sockets
        self._heap = Heap()
        self._was_ready = False
        self._in_sync = asyncio.Event()
        self._bound = sockets.ports
        self._key = options.proxy.affinity_key or (predecessor.affinity_key if predecessor else b"")
        self._controller = Controller(
            options.compiler,
            fallback_certificate=self_signed_certificate(time.time()),
            now=time.time,
        )
        settings = WorkerSettings(_with_ports(options.proxy, self._bound))
        self._supervisor = Supervisor(settings, sockets.workers, self._controller.full)
        self._follower = Follower(self._controller, feed.source, self._publish, feed.reopen)
        ports = Ports(self._bound.http, self._bound.https)
        self._view = LiveView(self._controller, self._supervisor, self._follower, ports, companion)
        self._admin = AdminPort(
            admin_application(self._view, options.proxy.templates), sockets.admin
        )
        self._handover = Handover(
            self._start_successor,
            farewell=options.shutdown_grace_period + settings.exit_margin,
            prevented=self._obstacle,
        )

    async def live(self, on_ready: OnReady | None, find_key: FindKey | None) -> bool:
        """From start to exit."""
        self._heap.expect_load()
        try:
            with trapped_signals() as signals:
                if self._predecessor is None:  # else its answers count until we are ready
                    await self._open_admin()
                return await self._follow(signals, on_ready, find_key)
        finally:
            await self._supervisor.stop(0)
            await self._admin.close()

    async def _open_admin(self) -> None:
        await self._admin.open()
        log.info("admin port %d: /healthz /readyz /metrics, dashboard on /", self._bound.admin)

    async def _follow(
        self, signals: Signals, on_ready: OnReady | None, find_key: FindKey | None
    ) -> bool:
        """Follow the source until all is over."""
        async with asyncio.TaskGroup() as tasks:
            following = (
                tasks.create_task(self._follower.run(), name="source"),
                tasks.create_task(self._start_workers(on_ready, find_key)),
                tasks.create_task(self._accompany(), name="companion"),
                tasks.create_task(self._obey_predecessor(signals), name="predecessor"),
            )
            handing_over = tasks.create_task(self._hand_over(signals), name="handover")
            await signals.first.wait()
            handing_over.cancel()
            graceful = await self._shut_down(signals, handing_over)
            for task in following:
                task.cancel()
            if not graceful:
                handing_over.cancel()
        return graceful

    async def _hand_over(self, signals: Signals) -> None:
        self._successor = await self._handover.run(signals.takeover)
        notify(os.environ, f"MAINPID={self._successor.pid}")
        signals.note_replaced()

    def _obstacle(self) -> str:
        reads_stdin = self._options.reads_stdin
        return obstacle(os.getpid(), reads_stdin=reads_stdin, serves=self._was_ready)

    def _start_successor(self) -> Successor:
        return start_successor(own_command(), self._sockets.to_inherit, self._key)

    async def _obey_predecessor(self, signals: Signals) -> None:
        if self._predecessor is not None:
            await self._predecessor.dismissal()
            log.warning("told by the process that was to be replaced that it goes on without us")
            signals.note_replaced()

    async def _announce(self) -> None:
        """The admin port of who takes over opens only now: so nobody hears a no in between."""
        if self._predecessor is None:
            notify(os.environ, "READY=1")
            return
        await self._open_admin()
        self._predecessor.announce()

    async def _accompany(self) -> None:
        if self._companion is not None:
            await self._companion.live(self._controller, lambda: self._supervisor.served_generation)

    async def _start_workers(self, on_ready: OnReady | None, find_key: FindKey | None) -> None:
        if not self._key and find_key is not None:
            self._key = await find_key(self._in_sync)
        self._supervisor.start(self._key)
        await self._supervisor.ready()
        self._heap.settle()
        log.info("ready: HTTP on port %d, HTTPS on port %d", self._bound.http, self._bound.https)
        self._log_findings()
        await self._announce()
        self._was_ready = True
        if on_ready is not None:
            on_ready(self._bound)

    def _log_findings(self) -> None:
        counts = Counter(finding.severity.value for finding in self._controller.findings)
        if counts:
            shown = ", ".join(f"{count} {severity}" for severity, count in counts.items())
            log.warning("findings: %s; the dashboard and `ingressd check` list them", shown)

    def _publish(self, delta: Delta) -> None:
        self._in_sync.set()
        self._view.changed_at = time.time()
        self._supervisor.publish(delta)

    async def _shut_down(self, signals: Signals, handing_over: asyncio.Task[None]) -> bool:
        """Leave without cutting anybody off, unless told to hurry. A process that was being started
        to take over leaves at the same time.
        """
        leave = self._give_way if signals.is_replaced else self._leave
        leaving = asyncio.create_task(self._leave_both(leave, handing_over), name="leave")
        hurrying = asyncio.create_task(signals.second.wait(), name="hurry")
        await asyncio.wait((leaving, hurrying), return_when=asyncio.FIRST_COMPLETED)
        hurrying.cancel()
        if leaving.done():
            leaving.result()
            return True
        leaving.cancel()
        self._supervisor.kill()
        log.warning("told twice to stop: requests in flight are cut off")
        return False

    async def _leave_both(
        self, leave: Callable[[], Awaitable[None]], other: asyncio.Task[None]
    ) -> None:
        await self._leave_together(leave)
        await asyncio.wait((other,))

    async def _leave_together(self, leave: Callable[[], Awaitable[None]]) -> None:
        """The companion may use the whole grace period too, and a moment where there is none."""
        if self._companion is None:
            await leave()
            return
        deadline = time.monotonic() + self._options.shutdown_grace_period
        departing = asyncio.create_task(self._companion.leave(), name="companion leaves")
        try:
            await leave()
            patience = max(SHORTEST_DEPARTURE, deadline - time.monotonic())
            await asyncio.wait((departing,), timeout=patience)
        finally:
            departing.cancel()

    async def _leave(self) -> None:
        """Nobody who was never told that we are ready has to be told that we leave."""
        self._view.is_draining = True
        announcement, grace = split_grace(self._options.shutdown_grace_period)
        if not self._was_ready:
            announcement = 0.0
        log.info("leaving: accepting for %.1f s, then %.1f s at most", announcement, grace)
        await asyncio.sleep(announcement / 2)
        self._supervisor.drain()  # by now new connections are led elsewhere: let the old ones go
        await asyncio.sleep(announcement / 2)
        await self._supervisor.stop(grace)
        log.info("every worker has finished")

    async def _give_way(self) -> None:
        """Another process accepts at our sockets and answers to probes: nobody has to be led away,
        and who is about to ask on a connection of ours gets an answer.
        """
        patience, grace = split_grace(self._options.shutdown_grace_period)
        log.info("another process serves: leaving within %.1f s", patience + grace)
        self._supervisor.withdraw()
        await self._admin.close()
        await asyncio.sleep(patience)
        await self._supervisor.stop(grace)
        log.info("every worker has finished")


def _with_ports(settings: ProxySettings, bound: Bound) -> ProxySettings:
    """The settings with the ports that redirects and X-Forwarded-Port have to name."""
    return msgspec.structs.replace(settings, http_port=bound.http, https_port=bound.https)
