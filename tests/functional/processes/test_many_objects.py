"""A cluster of ten thousand Ingresses, read from an API server, in which endpoints change."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from support.clients import fetch
from support.each_worker import PAUSE, EachWorker, each_worker
from support.program import Launch, Program, running
from support.refusing import refusing_address

from bench.cluster.api import ClusterApi, kubeconfig
from bench.cluster.objects import cluster_objects, endpoint_slice, ingress, service
from bench.cluster.shape import Shape
from bench.memory import MIB, memory_of

LARGE = Shape(ingresses=10_000, services=5_000, endpoints=20_000, certificates=0)
READY_SECONDS = 45.0
MOST_BYTES = 500 * MIB

CHANGES_PER_SECOND = 50
CHANGES = 5 * CHANGES_PER_SECOND
LIVE_SECONDS = 1.0
ANSWER_SECONDS = 0.25
"""Medians: a machine that has other work to do may stall for a moment, and some are late then. If a
change cost what all objects cost, each would be."""

NAMESPACE = "changing"
STILL = b"still.test"

Objects = dict[str, list[dict[str, Any]]]


def objects_that_change() -> Objects:
    """Services of a pod that refuses (502), and one of none (503): answers tell what is live."""
    address = refusing_address()
    names = [f"web-{number}" for number in range(CHANGES)]
    return {
        "ingresses": [
            *(ingress(NAMESPACE, name, f"{name}.test", [name]) for name in names),
            ingress(NAMESPACE, "still", STILL.decode(), ["still"]),
        ],
        "services": [service(NAMESPACE, name) for name in (*names, "still")],
        "endpointslices": [endpoint_slice(NAMESPACE, name, [address]) for name in names],
    }


@asynccontextmanager
async def large_cluster(folder: Path) -> AsyncIterator[tuple[Program, ClusterApi]]:
    objects = await asyncio.to_thread(cluster_objects, LARGE)
    for plural, more in objects_that_change().items():
        objects[plural].extend(more)
    api = ClusterApi(objects)
    async with api.serving() as url:
        settings = kubeconfig(folder, url)
        launch = Launch(settings, folder, flag="--kubeconfig", patience=READY_SECONDS)
        async with running(launch) as program:
            yield program, api


async def let_pods_go(api: ClusterApi, workers: EachWorker) -> list[float]:
    """One pod after the other; returns after how many seconds all workers knew of each."""
    seeing = []
    async with asyncio.TaskGroup() as group:
        begun = time.monotonic()
        for number in range(CHANGES):
            await asyncio.sleep(begun + number / CHANGES_PER_SECOND - time.monotonic())
            api.put("endpointslices", endpoint_slice(NAMESPACE, f"web-{number}", []))
            seeing.append(group.create_task(until_gone(workers, f"web-{number}.test".encode())))
    return [task.result() for task in seeing]


async def until_gone(workers: EachWorker, host: bytes) -> float:
    begun = time.monotonic()
    await workers.until(host, 503)
    return time.monotonic() - begun


async def ask_on(port: int, enough: asyncio.Event) -> list[float]:
    """Ask for what does not change; returns after how many seconds each answer came."""
    delays = []
    while not enough.is_set():
        begun = time.monotonic()
        assert (await fetch(port, host=STILL)).status == 503
        delays.append(time.monotonic() - begun)
        await asyncio.sleep(PAUSE)  # the client's pace
    return delays


@pytest.mark.timeout(90)
async def test_it_is_served_soon_and_changes_at_once(tmp_path: Path) -> None:
    async with large_cluster(tmp_path) as (program, api), each_worker(program) as workers:
        await workers.until(b"web-0.test", 502)
        enough = asyncio.Event()
        asking = asyncio.create_task(ask_on(program.http, enough))
        assert median(await let_pods_go(api, workers)) < LIVE_SECONDS
        enough.set()
        assert median(await asking) < ANSWER_SECONDS
        pids = (program.process.pid, *program.workers)
        assert sum(memory_of(pid).rss for pid in pids) < MOST_BYTES
