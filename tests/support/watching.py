"""A cluster source at work against an API double, and what it has said so far."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from msgspec import Struct, field

from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey, Resource
from ingressd.sources.events import Added, Deleted, Event, Modified, Reported, Synced
from ingressd.sources.kubernetes.api import ApiServer, connect
from ingressd.sources.kubernetes.kinds import EVERYTHING, Scope
from ingressd.sources.kubernetes.pace import Timing
from ingressd.sources.kubernetes.source import KubernetesSource
from support.api_server import ApiDouble

FAST = Timing(
    first_pause=0.001,
    longest_pause=0.002,
    patience=0.0,
    idle_timeout=20.0,
    steady=0.0,
    page_size=2,
)


class Heard(Struct):
    """What a source has said: the objects now, every change after ``Synced``, the findings."""

    source: KubernetesSource
    objects: dict[ObjectKey, Resource] = field(default_factory=dict)
    changes: list[Event] = field(default_factory=list)
    batches: list[Sequence[Event]] = field(default_factory=list)
    reports: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    synced: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def names(self) -> set[str]:
        """Every object by its bare name."""
        return {key.name for key in self.objects}

    @property
    def findings(self) -> list[Finding]:
        """What is wrong now."""
        return [finding for findings in self.reports.values() for finding in findings]

    @property
    def codes(self) -> set[str]:
        """The codes of the findings."""
        return {finding.code for finding in self.findings}

    def stale(self, kind: str) -> float:
        """Seconds for which a kind is stale."""
        return next(state.stale for state in self.source.states if state.kind == kind)

    @property
    def obstacles(self) -> list[str]:
        """What is in the way of the first table."""
        return [state.obstacle for state in self.source.states if state.obstacle]

    def take(self, batch: Sequence[Event]) -> None:
        self.batches.append(batch)
        for event in batch:
            match event:
                case Added() | Modified():
                    self.objects[event.resource.key] = event.resource
                case Deleted():
                    del self.objects[event.key]
                case Reported():
                    self.reports[event.unit] = event.findings
            if self.synced and not isinstance(event, Reported):
                self.changes.append(event)
            self.synced = self.synced or isinstance(event, Synced)
        self.news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that the source says."""
        while not condition():
            self.news.clear()
            await self.news.wait()


@asynccontextmanager
async def reached(access: object, *, request_timeout: float = 5.0) -> AsyncIterator[ApiServer]:
    """An API server by its access; closed at the end."""
    api = await ApiServer.reached_by(access, request_timeout=request_timeout)  # type: ignore[arg-type]
    try:
        yield api
    finally:
        await api.close()


@asynccontextmanager
async def kubeconfig_api(path: object) -> AsyncIterator[ApiServer]:
    """The API server of a kubeconfig; closed at the end."""
    api = await connect(str(path))
    try:
        yield api
    finally:
        await api.close()


@asynccontextmanager
async def listening(
    api: ApiServer,
    scope: Scope = EVERYTHING,
    timing: Timing = FAST,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Heard]:
    """A source for which all is fast, and what it says."""
    async with hearing(KubernetesSource(api, scope, timing=timing, clock=clock)) as heard:
        yield heard


@asynccontextmanager
async def hearing(source: KubernetesSource) -> AsyncIterator[Heard]:
    """A source whose batches are taken as they come."""
    heard = Heard(source)

    async def follow() -> None:
        async for batch in source.batches():
            heard.take(batch)

    task = asyncio.create_task(follow())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def shop(api: ApiDouble, *names: str) -> None:
    """Ingresses of these names."""
    for name in names:
        api.put("ingresses", name, spec={"rules": [{"host": f"{name}.test"}]})
