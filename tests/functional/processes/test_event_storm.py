"""One object that changes all the time: the others are served as soon as ever, and it ends right.

A hundred changes in a second are told one by one, for a pod that is gone must be known of within
milliseconds; what comes faster is told together.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path
from statistics import median

import pytest
from support.each_worker import EachWorker, each_worker
from support.program import Launch, Program, running
from support.refusing import refusing_address

from bench.cluster.api import ClusterApi, kubeconfig
from bench.cluster.objects import Object, endpoint_slice, ingress, service

NAMESPACE = "shop"
LEAD_SECONDS = 1.0
BEAT = 0.01
"""Seconds between two batches of the storm's events."""

LIVE_SECONDS = 1.0
NAMES = ("flapping", "other")


def with_pod(name: str) -> Object:
    """What leads to 502: the pod refuses."""
    return endpoint_slice(NAMESPACE, name, [refusing_address()])


def without_pod(name: str) -> Object:
    """What leads to 503."""
    return endpoint_slice(NAMESPACE, name, [])


@asynccontextmanager
async def cluster(folder: Path) -> AsyncIterator[tuple[Program, ClusterApi]]:
    objects = {
        "ingresses": [ingress(NAMESPACE, name, f"{name}.test", [name]) for name in NAMES],
        "services": [service(NAMESPACE, name) for name in NAMES],
        "endpointslices": [with_pod(name) for name in NAMES],
    }
    api = ClusterApi(objects)
    async with api.serving() as url:
        flags = ("--no-access-log", "--watch-ingress-without-class")
        launch = Launch(kubeconfig(folder, url), folder, flags, flag="--kubeconfig")
        async with running(launch) as program:
            yield program, api


async def flap(api: ClusterApi, at_once: int, enough: asyncio.Event) -> int:
    """The pod comes and goes, ``at_once`` times in each beat; returns how often it did."""
    events, states = 0, cycle((without_pod("flapping"), with_pod("flapping")))
    while not enough.is_set():
        for state in _take(states, at_once):
            api.put("endpointslices", state)
            events += 1
        await asyncio.sleep(BEAT)
    return events


def _take(states: Iterator[Object], count: int) -> Iterator[Object]:
    return (next(states) for _ in range(count))


CHANGES = ((without_pod, 503), (with_pod, 502), (without_pod, 503))
LAST = ((without_pod, 503), (with_pod, 502))
"""States of the other object during the storm, and of the one that flaps after it; the answers."""


async def delays_of_other(api: ClusterApi, workers: EachWorker) -> list[float]:
    """From a change of the other object to the answer of every worker that shows it."""
    delays = []
    for state, status in CHANGES:
        begun = time.monotonic()
        api.put("endpointslices", state("other"))
        await workers.until(b"other.test", status)
        delays.append(time.monotonic() - begun)
    return delays


@pytest.mark.parametrize(
    ("at_once", "deltas_for_each"), [(1, 1.1), (21, 0.2)], ids=["100 a second", "2,100 a second"]
)
async def test_a_slice_that_flaps_holds_up_no_other(
    tmp_path: Path, at_once: int, deltas_for_each: float
) -> None:
    async with cluster(tmp_path) as (program, api), each_worker(program) as workers:
        await workers.until(b"other.test", 502)
        before = await program.metric("ingressd_configuration_generation")
        enough = asyncio.Event()
        storm = asyncio.create_task(flap(api, at_once, enough))
        await asyncio.sleep(LEAD_SECONDS)  # the changes come in the midst of it
        assert median(await delays_of_other(api, workers)) < LIVE_SECONDS
        enough.set()
        events = await storm + len(CHANGES) + len(LAST)

        for state, status in LAST:
            api.put("endpointslices", state("flapping"))
            await workers.until(b"flapping.test", status)
        await workers.until(b"other.test", 503)
        deltas = await program.metric("ingressd_configuration_generation") - before
        assert deltas < events * deltas_for_each
