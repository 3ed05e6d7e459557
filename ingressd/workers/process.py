"""A worker process: ``python -m ingressd.workers.process <descriptor of its channel>``.

It does what the supervisor says and knows nothing but the proxy and the routing model. Signals that
reach the whole process group (Ctrl-C, a service manager's SIGTERM) are the supervisor's to decide
about; if the supervisor dies, the channel ends and the worker drains and exits.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial

import uvloop

from ingressd.heap import Heap
from ingressd.logs import configure_logs, lost_lines
from ingressd.proxy.server import Proxy
from ingressd.routing.delta import Delta
from ingressd.workers.channel import Channel, open_channel
from ingressd.workers.messages import (
    Applied,
    Apply,
    Command,
    Drain,
    Fatal,
    Heartbeat,
    Measure,
    Measured,
    Report,
    Start,
    Stop,
    Withdraw,
)

log = logging.getLogger(__name__)

ORPHAN_GRACE = 10.0
"""Seconds a worker without a supervisor still finishes what is in flight."""


class Worker:
    """Carries out commands until told to stop, or until the supervisor is gone."""

    def __init__(self, channel: Channel[Command], start: Start) -> None:
        self._channel = channel
        self._start = start
        self._proxy = Proxy(start.settings, start.place)
        self._heap = Heap()
        self._generation = 0
        self._serving = False
        self._may_accept = True

    async def run(self) -> None:
        """Serve until the end; a last :class:`Measured` carries the final counters."""
        self._heap.expect_load()
        asyncio.get_running_loop().set_exception_handler(self._proxy.on_loop_error)
        heartbeat = asyncio.create_task(self._beat(), name="heartbeat")
        try:
            grace = await self._obey()
            self._proxy.drain()
            await self._proxy.stop(grace)
            self._report_counters()
        finally:
            heartbeat.cancel()

    async def _obey(self) -> float:
        """Carry out commands; returns the grace with which to stop."""
        while (command := await self._channel.receive()) is not None:
            match command:
                case Apply(delta):
                    await self._apply(delta)
                case Measure():
                    self._report_counters()
                case Drain():
                    self._proxy.drain()
                case Withdraw():
                    self._may_accept = False
                    self._proxy.withdraw()
                case Stop(grace):
                    return grace
                case Start():
                    raise ValueError("a worker is started once")
        return ORPHAN_GRACE

    async def _apply(self, delta: Delta) -> None:
        self._proxy.apply(delta)
        if not self._serving and self._may_accept:
            self._heap.settle()
            await self._proxy.start(_adopt(self._start.http), _adopt(self._start.https))
            self._serving = True
        self._generation = delta.generation
        self._channel.post(Applied(delta.generation))

    def _report_counters(self) -> None:
        self._tell(self._counters)

    def _counters(self) -> Measured:
        snapshot = self._proxy.snapshot()
        snapshot.lost_log_lines = lost_lines()
        return Measured(snapshot)

    def _tell(self, report: Callable[[], Report]) -> None:
        """Report, or leave it at the last report where there is no memory for another."""
        try:
            self._channel.post(report())
        except MemoryError:
            log.error("there was no memory for a report to the supervisor")

    async def _beat(self) -> None:
        """Report that the loop turns, and how late it does."""
        loop = asyncio.get_running_loop()
        interval = self._start.heartbeat_interval
        lag = 0.0
        while True:
            memory = self._proxy.memory
            self._tell(partial(Heartbeat, self._generation, lag, memory.used, memory.limit))
            due = loop.time() + interval
            await asyncio.sleep(interval)
            lag = max(0.0, loop.time() - due)


def _adopt(descriptors: tuple[int, ...]) -> list[socket.socket]:
    return [socket.socket(fileno=descriptor) for descriptor in descriptors]


async def serve(end: socket.socket) -> int:
    """Live as one worker over this end of its channel; returns the exit code."""
    channel: Channel[Command] = await open_channel(end, Command)  # type: ignore[arg-type]
    start = await channel.receive()
    if not isinstance(start, Start):
        return 0 if start is None else 1
    configure_logs(start.settings.log_format)
    try:
        await Worker(channel, start).run()
    except Exception as error:
        channel.post(Fatal(f"{type(error).__name__}: {error}"))
        raise
    finally:
        await channel.close()
    return 0


def raise_descriptor_limit() -> None:
    """Use all descriptors that are allowed: the soft limit is 1024 in many places, for select(2).

    How many clients a worker takes follows from it.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> None:
    """Entry point of the child process."""
    raise_descriptor_limit()
    for group_signal in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR2):
        signal.signal(group_signal, signal.SIG_IGN)
    end = socket.socket(fileno=int(sys.argv[1]))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(serve(end))
    sys.exit(code)


if __name__ == "__main__":
    main()
