"""Puts the rooms together and lives until a signal: source -> controller -> workers, and admin.

``run`` and ``demo`` differ only in what they pass to :func:`serve`.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TypeAlias

import msgspec
import uvloop
from msgspec import Struct

from ingressd.admin.server import admin_application, start_admin
from ingressd.cli.running.companion import Companion
from ingressd.cli.running.live_view import LiveView
from ingressd.cli.running.resuming import resume
from ingressd.cli.running.signals import Signals, trapped_signals
from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.controller import Controller
from ingressd.controller.loop import Follower, Reopen
from ingressd.controller.self_signed import self_signed_certificate
from ingressd.heap import Heap
from ingressd.proxy.settings import ProxySettings
from ingressd.routing.deciding.redirects import Ports
from ingressd.routing.delta import Delta
from ingressd.sources.events import Source
from ingressd.workers.sockets import Addresses, Listeners, bind_alone, bind_workers, port_of
from ingressd.workers.supervisor import Supervisor
from ingressd.workers.worker import WorkerSettings

log = logging.getLogger(__name__)

LONGEST_ANNOUNCEMENT = 10.0
"""Seconds that are enough for any load balancer to notice that we are leaving."""

SHORTEST_DEPARTURE = 1.0
"""Seconds that handing over takes, for which even an impatient exit waits."""


class ServeOptions(Struct, frozen=True):
    """How to serve. ``proxy.http_port`` and ``https_port`` are replaced by those that were bound.

    ``shutdown_grace_period`` is seconds from the first signal to the exit, at most.
    """

    addresses: Addresses
    admin_port: int
    workers: int
    proxy: ProxySettings
    compiler: CompilerSettings
    shutdown_grace_period: float


class Bound(Struct, frozen=True):
    """The ports that are served, which matter where 0 was asked for."""

    http: int
    https: int
    admin: int


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
    """Serve what ``source`` says until SIGTERM or SIGINT; ``on_ready`` is called once every worker
    serves. Where ``options.proxy`` has no affinity key, workers start once ``find_key`` has one.
    ``companion`` lives beside them, and leaves while they finish. ``reopen`` replaces a source that
    failed; without it the same one goes on.

    Returns whether the end was graceful; a second signal makes it immediate. Raises CannotListen.
    """
    with ExitStack() as bound:
        listeners = bind_workers(options.addresses, options.workers)
        for each in listeners:
            bound.callback(each.close)
        admin = bind_alone(options.addresses.hosts, options.admin_port, "--admin-port")
        for socket_ in admin:
            bound.callback(socket_.close)
        feed = _Feed(source, reopen or partial(resume, source))
        return await _Serving(options, feed, listeners, admin, companion).live(on_ready, find_key)


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
        listeners: Sequence[Listeners],
        admin: list[socket.socket],
        companion: Companion | None,
    ) -> None:
        self._companion = companion
        self._options = options
        self._admin = admin
        self._heap = Heap()
        self._was_ready = False
        self._in_sync = asyncio.Event()
        self._bound = Bound(
            http=port_of(listeners[0].http[0]),
            https=port_of(listeners[0].https[0]),
            admin=port_of(admin[0]),
        )
        self._controller = Controller(
            options.compiler,
            fallback_certificate=self_signed_certificate(time.time()),
            now=time.time,
        )
        settings = WorkerSettings(_with_ports(options.proxy, self._bound))
        self._supervisor = Supervisor(settings, listeners, self._controller.full)
        self._follower = Follower(self._controller, feed.source, self._publish, feed.reopen)
        ports = Ports(self._bound.http, self._bound.https)
        self._view = LiveView(self._controller, self._supervisor, self._follower, ports, companion)

    async def live(self, on_ready: OnReady | None, find_key: FindKey | None) -> bool:
        """From start to exit."""
        application = admin_application(self._view, self._options.proxy.templates)
        runner = await start_admin(application, self._admin)
        log.info("admin port %d: /healthz /readyz /metrics, dashboard on /", self._bound.admin)
        self._heap.expect_load()
        try:
            with trapped_signals() as signals:
                return await self._follow(signals, on_ready, find_key)
        finally:
            await self._supervisor.stop(0)
            await runner.cleanup()

    async def _follow(
        self, signals: Signals, on_ready: OnReady | None, find_key: FindKey | None
    ) -> bool:
        """Follow the source until all is over."""
        async with asyncio.TaskGroup() as tasks:
            following = (
                tasks.create_task(self._follower.run(), name="source"),
                tasks.create_task(self._start_workers(on_ready, find_key)),
                tasks.create_task(self._accompany(), name="companion"),
            )
            await signals.first.wait()
            graceful = await self._shut_down(signals.second)
            for task in following:
                task.cancel()
        return graceful

    async def _accompany(self) -> None:
        if self._companion is not None:
            await self._companion.live(self._controller, lambda: self._supervisor.served_generation)

    async def _start_workers(self, on_ready: OnReady | None, find_key: FindKey | None) -> None:
        key = self._options.proxy.affinity_key
        if not key and find_key is not None:
            key = await find_key(self._in_sync)
        self._supervisor.start(key)
        await self._supervisor.ready()
        self._heap.settle()
        self._was_ready = True
        log.info("ready: HTTP on port %d, HTTPS on port %d", self._bound.http, self._bound.https)
        self._log_findings()
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

    async def _shut_down(self, hurry: asyncio.Event) -> bool:
        """Leave without cutting anybody off, unless told to hurry."""
        self._view.is_draining = True
        leaving = asyncio.create_task(self._leave_together(), name="leave")
        hurrying = asyncio.create_task(hurry.wait(), name="hurry")
        await asyncio.wait((leaving, hurrying), return_when=asyncio.FIRST_COMPLETED)
        hurrying.cancel()
        if leaving.done():
            leaving.result()
            return True
        leaving.cancel()
        self._supervisor.kill()
        log.warning("told twice to stop: requests in flight are cut off")
        return False

    async def _leave_together(self) -> None:
        """The companion may use the whole grace period too, and a moment where there is none."""
        if self._companion is None:
            await self._leave()
            return
        deadline = time.monotonic() + self._options.shutdown_grace_period
        departing = asyncio.create_task(self._companion.leave(), name="companion leaves")
        try:
            await self._leave()
            patience = max(SHORTEST_DEPARTURE, deadline - time.monotonic())
            await asyncio.wait((departing,), timeout=patience)
        finally:
            departing.cancel()

    async def _leave(self) -> None:
        """Nobody who was never told that we are ready has to be told that we leave."""
        announcement, grace = split_grace(self._options.shutdown_grace_period)
        if not self._was_ready:
            announcement = 0.0
        log.info("leaving: accepting for %.1f s, then %.1f s at most", announcement, grace)
        await asyncio.sleep(announcement / 2)
        self._supervisor.drain()  # by now new connections are led elsewhere: let the old ones go
        await asyncio.sleep(announcement / 2)
        await self._supervisor.stop(grace)
        log.info("every worker has finished")


def _with_ports(settings: ProxySettings, bound: Bound) -> ProxySettings:
    """The settings with the ports that redirects and X-Forwarded-Port have to name."""
    return msgspec.structs.replace(settings, http_port=bound.http, https_port=bound.https)
