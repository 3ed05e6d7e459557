"""A worker that takes no changes while many come: it costs the others nothing, and catches up."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from support.clients import fetch
from support.waiting import until

from bench.memory import memory_of
from ingressd.proxy.settings import ProxySettings
from ingressd.routing.delta import Delta
from ingressd.routing.model import Endpoint, Upstream
from ingressd.routing.table import Table
from ingressd.workers.backlog import MAX_BEHIND
from ingressd.workers.channel import encode_frame
from ingressd.workers.messages import Apply
from ingressd.workers.sockets import Addresses, bind_workers, port_of
from ingressd.workers.supervisor import Supervisor
from ingressd.workers.worker import WorkerSettings

PUSHES = 100
UPSTREAMS = 100
ROOM = 1 << 20  # more than a socket pair buffers
SETTINGS = WorkerSettings(
    ProxySettings(affinity_key=b"k" * 32, access_log=False),
    heartbeat_interval=0.05,
    heartbeat_timeout=60.0,
)


class Changes:
    """A table of which every change is large."""

    def __init__(self) -> None:
        self.table = Table.empty()

    def next(self) -> Delta:
        generation = self.table.generation + 1
        endpoints = tuple(Endpoint(f"10.0.{each}.{generation}", 8080) for each in range(50))
        delta = Delta(
            generation,
            upstreams=tuple(Upstream(f"shop/{each}:80", endpoints) for each in range(UPSTREAMS)),
        )
        self.table = self.table.apply(delta)
        return delta

    def full(self) -> Delta:
        return self.table.as_delta()


@asynccontextmanager
async def two_workers(changes: Changes) -> AsyncIterator[tuple[Supervisor, int]]:
    listeners = bind_workers(Addresses(("127.0.0.1",), 0, 0), 2)
    supervisor = Supervisor(SETTINGS, listeners, changes.full)
    supervisor.start()
    supervisor.publish(changes.next())
    try:
        await supervisor.ready()
        yield supervisor, port_of(listeners[0].http[0])
    finally:
        supervisor.kill()
        await supervisor.stop(0)


async def test_a_channel_that_is_full_costs_nobody_else_anything() -> None:
    changes = Changes()
    async with two_workers(changes) as (supervisor, port):
        stuck, other = supervisor.status
        frame = len(encode_frame(Apply(changes.next())))
        assert frame * PUSHES > 10 * ROOM
        os.kill(stuck.pid, signal.SIGSTOP)
        before = memory_of(os.getpid()).rss
        for number in range(3, 3 + PUSHES):
            supervisor.publish(changes.next())
            if number % 10 == 0:
                await until(lambda wanted=number: supervisor.status[1].generation == wanted)

        newest = changes.table.generation
        await until(lambda: supervisor.status[other.index].generation == newest)
        assert supervisor.status[stuck.index].generation == 1
        assert memory_of(os.getpid()).rss - before < (MAX_BEHIND + 10) * frame
        os.kill(stuck.pid, signal.SIGCONT)
        await until(lambda: supervisor.status[stuck.index].generation == newest)
        assert supervisor.restarts == 0
        assert (await fetch(port)).status == 404
