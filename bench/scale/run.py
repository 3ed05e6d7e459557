"""All measurements, one after the other: on an API server, on manifests, with two workers."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

from msgspec import Struct

from bench.cluster.api import ClusterApi, kubeconfig
from bench.cluster.files import to_yaml, write_manifests
from bench.cluster.objects import Object, cluster_objects
from bench.cluster.shape import Shape
from bench.programs import subfolder
from bench.ratios.wrk import LoadError
from bench.scale.changes import change_figure, leading, rewriting, storm_figures
from bench.scale.client import UnexpectedAnswer
from bench.scale.connections import client_figures, websocket_figure
from bench.scale.figure import Figure
from bench.scale.namespace import PODS
from bench.scale.pods import pod
from bench.scale.requests import table_figure, worker_figure
from bench.scale.slow import closing_figure, slow_figure, with_head_timeout
from bench.scale.startup import startup_figures
from bench.scale.subject import NotReady, Place, own_objects, subject

FAILURES = (NotReady, LoadError, UnexpectedAnswer, TimeoutError, OSError, ExceptionGroup)


class Plan(Struct, frozen=True):
    """How large the cluster is and how much is done with it; ``seconds`` is one run of load."""

    shape: Shape
    parts: tuple[str, ...]
    seconds: int
    changes: int
    websockets: int
    clients: int
    slow_clients: int


class Bench:
    """Measures within a folder; what fails has a line that says why."""

    def __init__(self, plan: Plan, folder: Path, place: Place) -> None:
        self._plan = plan
        self._folder = folder
        self._place = place
        self._small = _write_small(folder)

    async def figures(self) -> AsyncIterator[Figure]:
        """Every figure, when it is measured."""
        parts = {
            "api": self._on_api,
            "manifests": self._on_manifests,
            "connections": self._connections,
            "slow": self._slow,
            "workers": self._workers,
        }
        async with AsyncExitStack() as pods:
            for address in PODS:
                await pods.enter_async_context(pod(address))
            for name in self._plan.parts:
                try:
                    async for figure in parts[name]():
                        yield figure
                except FAILURES as error:
                    print(f"{name}, not measured any further: {_reason(error)}")

    async def _on_api(self) -> AsyncIterator[Figure]:
        plan = self._plan
        api = ClusterApi(_merged(cluster_objects(plan.shape), own_objects()))
        gc.collect()
        gc.freeze()  # our own collector must not be what is measured
        async with api.serving() as url:
            source = ["--kubeconfig", str(kubeconfig(self._folder, url))]
            async with subject(self._folder, "on-api", source, self._place) as large:
                for figure in startup_figures(large, "API server"):
                    yield figure
                async with subject(self._folder, "small", self._small, self._place) as small:
                    yield await table_figure(large, small, plan.seconds, self._place.load_cores[0])
                lead = leading(api)
                yield await change_figure(
                    large, lead, plan.changes, "change to new pod, API server"
                )
                storm = storm_figures(large, api, plan.shape, plan.changes, plan.seconds)
                async for figure in storm:
                    yield figure

    async def _on_manifests(self) -> AsyncIterator[Figure]:
        manifests = subfolder(self._folder, "large-manifests")
        write_manifests(self._plan.shape, manifests)
        live = _write_own(manifests)
        source = ["--manifests", str(manifests)]
        async with subject(self._folder, "on-manifests", source, self._place) as large:
            for figure in startup_figures(large, "manifests"):
                yield figure
            title = "change to new pod, manifests"
            yield await change_figure(large, rewriting(live), self._plan.changes, title)

    async def _connections(self) -> AsyncIterator[Figure]:
        """Each in a fresh process: memory that was needed once is seldom given back."""
        plan = self._plan
        async with subject(self._folder, "clients", self._small, self._place) as measured:
            async for figure in client_figures(measured, plan.clients, plan.seconds):
                yield figure
        async with subject(self._folder, "websockets", self._small, self._place) as measured:
            yield await websocket_figure(measured, plan.websockets)

    async def _slow(self) -> AsyncIterator[Figure]:
        plan = self._plan
        async with subject(self._folder, "attacked", self._small, self._place) as measured:
            yield await slow_figure(measured.port, plan.slow_clients, plan.seconds)
        source = [*self._small, *with_head_timeout(self._folder)]
        async with subject(self._folder, "closing", source, self._place) as measured:
            yield await closing_figure(measured.port, plan.slow_clients)

    async def _workers(self) -> AsyncIterator[Figure]:
        yield await worker_figure(self._folder, self._small, self._place, self._plan.seconds)


PARTS = ("api", "manifests", "connections", "slow", "workers")


def _reason(error: BaseException) -> str:
    """What went wrong; of many clients that failed in the same way, once."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(sorted({_reason(each) for each in error.exceptions}))
    return str(error) or repr(error)


def _write_small(folder: Path) -> list[str]:
    """Flags for what is measured, without a cluster around it."""
    manifests = subfolder(folder, "small-manifests")
    _write_own(manifests)
    return ["--manifests", str(manifests)]


def _write_own(folder: Path) -> Path:
    """Write what is measured; returns the file with the slice that changes, alone."""
    live = folder / "live.yaml"
    first, *slices = own_objects()["endpointslices"]
    live.write_text(to_yaml(first))
    rest = {**own_objects(), "endpointslices": slices}
    documents = [to_yaml(each) for found in rest.values() for each in found]
    (folder / "own.yaml").write_text("---\n".join(documents))
    return live


def _merged(*parts: dict[str, list[Object]]) -> dict[str, list[Object]]:
    merged: dict[str, list[Object]] = defaultdict(list)
    for part in parts:
        for plural, found in part.items():
            merged[plural] += found
    return merged
