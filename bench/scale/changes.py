"""How soon a new pod is served, and what changes do to requests that they do not concern."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TypeAlias

from bench.cluster.api import ClusterApi
from bench.cluster.files import to_yaml
from bench.cluster.objects import endpoint_slice, place_of
from bench.cluster.shape import Shape, address_of
from bench.scale.client import PATIENCE, Regular
from bench.scale.figure import Figure, compared, spread
from bench.scale.namespace import PODS
from bench.scale.subject import LIVE_HOST, Subject, live_slice
from bench.scale.turns import p99_in_turns

CHANGES_PER_SECOND = 100
TARGET = "p99 20 ms"
LONGEST_PAUSE = 0.05
"""Seconds between two changes, so that they meet ingressd at any moment."""

Lead: TypeAlias = Callable[[str], None]
"""Makes the pod with an address the only one of ``live``."""


async def change_figure(measured: Subject, lead: Lead, changes: int, title: str) -> Figure:
    """From a change to the first request that the new pod answers, ``changes`` times."""
    return Figure(title, spread(await _delays(measured, lead, changes)), TARGET)


async def storm_figures(
    measured: Subject, api: ClusterApi, shape: Shape, changes: int, seconds: float
) -> AsyncIterator[Figure]:
    """The same during many changes elsewhere, and what they do to requests."""
    title = f"change to new pod, during {CHANGES_PER_SECOND} changes/s"
    async with _storm(api, shape):
        yield await change_figure(measured, leading(api), changes, title)
    quiet, stormy = await p99_in_turns(measured.port, seconds, lambda: _storm(api, shape))
    yield Figure("p99 of requests", compared(quiet, stormy, "during changes"), "x 1.2")


def leading(api: ClusterApi) -> Lead:
    """By an event of the API server."""
    return lambda address: api.put("endpointslices", live_slice(address))


def rewriting(path: Path) -> Lead:
    """By a manifest that is replaced."""

    def lead(address: str) -> None:
        draft = path.with_suffix(".draft")
        draft.write_text(to_yaml(live_slice(address)))
        draft.replace(path)

    return lead


async def _delays(measured: Subject, lead: Lead, changes: int) -> list[float]:
    client = Regular(measured.port)
    found = []
    try:
        for at in range(changes):
            address = PODS[(at + 1) % 2]
            await asyncio.sleep(random.uniform(0, LONGEST_PAUSE))
            begun = time.perf_counter()
            lead(address)
            async with asyncio.timeout(PATIENCE):
                while await client.get(LIVE_HOST) != address.encode():
                    pass
            found.append(time.perf_counter() - begun)
        return found
    finally:
        lead(PODS[0])
        client.close()


@asynccontextmanager
async def _storm(api: ClusterApi, shape: Shape) -> AsyncIterator[None]:
    """Services of the cluster get new endpoints, one after another."""
    raging = asyncio.create_task(_rage(api, shape))
    try:
        yield
    finally:
        raging.cancel()
        with suppress(asyncio.CancelledError):
            await raging


async def _rage(api: ClusterApi, shape: Shape) -> None:
    chance = random.Random(shape.seed)
    start = time.perf_counter()
    for number in count():
        await asyncio.sleep(start + number / CHANGES_PER_SECOND - time.perf_counter())
        at = chance.randrange(shape.services)
        addresses = [address_of(chance.randrange(1 << 20)) for _ in range(5)]
        api.put("endpointslices", endpoint_slice(*place_of(shape, at), addresses))
