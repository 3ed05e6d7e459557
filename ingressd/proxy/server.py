"""One worker's data plane, put together."""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import Sequence
from socket import socket
from typing import Any

from ingressd.proxy.bodies.temporary_files import TemporaryFiles
from ingressd.proxy.client.client_hello import ClientHello
from ingressd.proxy.client.front import Front
from ingressd.proxy.client.listener import Listener, affordable_connections
from ingressd.proxy.client.pages import ErrorPages
from ingressd.proxy.client.passthrough import Passthrough
from ingressd.proxy.client.tls import ContextStore
from ingressd.proxy.clock import Clock
from ingressd.proxy.current_table import CurrentTable
from ingressd.proxy.environment import Environment
from ingressd.proxy.handler import Handler
from ingressd.proxy.index import RouteIndex
from ingressd.proxy.inquiry.inquiries import Inquiries
from ingressd.proxy.inquiry.names import endpoints_in, none_known
from ingressd.proxy.limiting.memory import SINGLE, Place
from ingressd.proxy.limiting.usage import Usage
from ingressd.proxy.mirroring.copies import Copies
from ingressd.proxy.observing.access_log import AccessLog
from ingressd.proxy.observing.metrics import Metrics, Snapshot
from ingressd.proxy.observing.recording import Recorder
from ingressd.proxy.overload.gauge import MemoryGauge, Use
from ingressd.proxy.overload.guard import MemoryGuard
from ingressd.proxy.overload.relief import Relief
from ingressd.proxy.passwords.checker import PasswordChecker
from ingressd.proxy.settings import ProxySettings
from ingressd.proxy.upstream.endpoint import Dialer
from ingressd.proxy.upstream.pod_tls import SecurityStore
from ingressd.proxy.upstream.pool import Pool
from ingressd.proxy.upstream.resolver import Resolver
from ingressd.routing.delta import Delta
from ingressd.routing.global_policy import GlobalPolicy


class Proxy:
    """Serves what the deltas say, on sockets that are bound already.

    ``place`` is the worker's among those that serve together.
    """

    def __init__(self, settings: ProxySettings, place: Place = SINGLE) -> None:
        self._loop = loop = asyncio.get_running_loop()
        self._clock = Clock(loop)
        self._metrics = Metrics()
        self._current = CurrentTable()
        self._contexts = ContextStore()
        self._recorder = Recorder(self._metrics, access_log(settings), self._clock)
        self._resolver = resolver = Resolver(
            local_names=settings.local_names, refused=settings.refused_names
        )
        self._dialer = Dialer(loop, self._clock, resolver)
        self._pool = Pool(self._dialer)
        self._passwords = PasswordChecker(self._clock)
        self._inquiries = Inquiries(
            endpoints_in(self._pool) if settings.service_names else none_known
        )
        self._files = TemporaryFiles()
        self._copies = Copies(self._inquiries.courier, self._metrics)
        self._index = RouteIndex(
            Environment(
                settings,
                self._current,
                self._pool,
                self._clock,
                Usage(place),
                self._passwords,
                self._inquiries,
                self._files,
                self._copies,
                SecurityStore(),
            )
        )
        self._handler = Handler(
            self._index, ErrorPages(settings.templates), self._recorder, self._metrics
        )
        self._front = Front(self._handler, settings, self._metrics, self._clock)
        self._passthrough = Passthrough(
            self._current, self._pool, resolver, self._clock, self._metrics
        )
        relief = Relief(self._handler, self._front, self._passthrough, self._pool, self._inquiries)
        gauge = MemoryGauge(settings.memory_limit)
        self._guard = MemoryGuard(gauge, relief, self._clock, self._metrics)
        self._listener = Listener(
            self._front.connection,
            self._choose_context,
            self._metrics,
            self._passthrough.welcome,
            self._affordable,
        )

    @property
    def generation(self) -> int:
        """Generation of the table that is served."""
        return self._current.table.generation

    def apply(self, delta: Delta) -> None:
        """Take over a change in one step: no request sees a half of it."""
        before = self._current.table.global_policy
        self._current.apply(delta)
        self._index.apply(delta)
        if self._current.table.global_policy != before:
            self._adopt(self._current.table.global_policy)
        if delta.reset:
            self._pool.retain(self._current.table.upstreams)
        for upstream in delta.upstreams:
            self._pool.put(upstream)
        for key in delta.removed_upstreams:
            self._pool.remove(key)
        if delta.reset or delta.removed_certificates:
            self._contexts.retain(self._current.table.certificates)

    async def start(self, http: Sequence[socket], https: Sequence[socket]) -> None:
        """Accept connections."""
        self._guard.start()
        self._listener.adopt(self._current.table.global_policy)  # by what is left of the memory
        self._clock.start()
        for listening in http:
            self._listener.accept_plain(listening)
        for listening in https:
            self._listener.accept_tls(listening)

    @property
    def memory(self) -> Use:
        """What this worker holds in memory, and may hold, as of a second ago."""
        return self._guard.memory

    def snapshot(self) -> Snapshot:
        """All counters as they stand."""
        return self._metrics.snapshot()

    def on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What nothing else caught (the event loop's exception handler). Where that is a lack of
        memory, the loop has closed the connection: it is counted, and told once for all.
        """
        if isinstance(context.get("exception"), MemoryError):
            self._metrics.memory_errors += 1
        else:
            loop.default_exception_handler(context)

    def drain(self) -> None:
        """Go on answering, but let no connection stay: answers say ``Connection: close``."""
        self._handler.is_draining = True
        self._front.close_idle()

    def withdraw(self) -> None:
        """Accept no more; answers say ``Connection: close``, but who may be about to ask can."""
        self._listener.stop()
        self._handler.is_draining = True

    async def stop(self, grace: float) -> None:
        """Accept no more, finish what is in flight within ``grace`` seconds, cut what is not."""
        self._listener.stop()
        self.drain()
        await asyncio.gather(self._front.finish(grace), self._passthrough.finish(grace))
        await self._listener.close()
        self._pool.retain(())
        self._guard.stop()
        self._clock.stop()
        self._recorder.close()
        self._passwords.close()
        await self._copies.close()
        self._files.close()
        await self._inquiries.close()
        await self._resolver.close()

    def _adopt(self, policy: GlobalPolicy) -> None:
        """Connections that are open keep the limits with which they began."""
        self._front.adopt(policy)
        self._listener.adopt(policy)
        self._recorder.adopt(policy.access_log)
        self._dialer.keep_alive = policy.upstream_keep_alive

    def _affordable(self, wanted: int) -> int:
        return self._guard.affordable(affordable_connections(wanted))

    def _choose_context(self, hello: ClientHello) -> ssl.SSLContext:
        return self._contexts.context_for(hello.server_name, self._current.table)


def access_log(settings: ProxySettings) -> AccessLog | None:
    """The access log on standard output, or None where it is off."""
    return AccessLog(settings.log_format, sys.stdout) if settings.access_log else None
