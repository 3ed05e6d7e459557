"""Workers killed at random moments of their lives: none is missing for long, none is left over.

The sleeps wait for nothing: they choose the moments.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator

import pytest
from support.process_tree import children
from support.waiting import until

from ingressd.proxy.settings import ProxySettings
from ingressd.routing.delta import Delta
from ingressd.workers.sockets import Addresses, bind_workers
from ingressd.workers.supervisor import Supervisor
from ingressd.workers.worker import WorkerSettings

WORKERS = 2
KILLS = 4
BOOT_SECONDS = 0.6  # about what a worker needs to serve: kills fall before, into and after it
SPAWN_SECONDS = 0.02  # about what it takes to notice a death and to spawn another worker
PROMPTLY = 3.0  # with nothing in flight neither the grace nor the margin is used up
SETTINGS = WorkerSettings(
    ProxySettings(affinity_key=b"k" * 32, access_log=False),
    heartbeat_interval=0.05,
    exit_margin=60.0,
)


def kill_one(supervisor: Supervisor, chance: random.Random) -> None:
    """Kill a worker that is spawned, whatever it is doing."""
    pids = [worker.pid for worker in supervisor.status if worker.pid]
    if pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(chance.choice(pids), chance.choice([signal.SIGKILL, signal.SIGSEGV]))


@contextlib.asynccontextmanager
async def supervised() -> AsyncIterator[Supervisor]:
    listeners = bind_workers(Addresses(("127.0.0.1",), 0, 0), WORKERS)
    supervisor = Supervisor(SETTINGS, listeners, lambda: Delta(1, reset=True))
    supervisor.start()
    supervisor.publish(Delta(1, reset=True))
    try:
        yield supervisor
    finally:
        supervisor.kill()
        await supervisor.stop(0)


@pytest.mark.parametrize("seed", range(2))
async def test_whenever_workers_are_killed_all_serve_again(seed: int) -> None:
    chance, before = random.Random(seed), children(os.getpid())
    async with supervised() as supervisor:
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0, BOOT_SECONDS / 2))
            kill_one(supervisor, chance)
        await until(lambda: all(worker.serving for worker in supervisor.status))
        assert len(children(os.getpid()) - before) == WORKERS
    assert children(os.getpid()) == before


@pytest.mark.parametrize("seed", range(10))
async def test_whenever_it_is_stopped_nothing_is_left(seed: int) -> None:
    chance, before = random.Random(seed), children(os.getpid())
    async with supervised() as supervisor:
        await asyncio.sleep(chance.choice([0, chance.uniform(0, BOOT_SECONDS)]))
        kill_one(supervisor, chance)
        await asyncio.sleep(chance.uniform(0, chance.choice([SPAWN_SECONDS, BOOT_SECONDS / 2])))
        if chance.random() < 0.5:
            supervisor.drain()
        async with asyncio.timeout(PROMPTLY):
            stopping = asyncio.create_task(supervisor.stop(60))
            await asyncio.sleep(chance.uniform(0, 0.05))
            kill_one(supervisor, chance)
            await stopping
        assert children(os.getpid()) == before
        assert all(task.done() for task in supervisor._tasks)
