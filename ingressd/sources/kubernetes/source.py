"""The source that watches a cluster: every kind by itself, their changes together."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing

from ingressd.resources.finding import Finding
from ingressd.sources.events import Event, KindState, Reported, Synced
from ingressd.sources.kubernetes.api import ApiServer, ApiUnreachable
from ingressd.sources.kubernetes.contact import Contacts
from ingressd.sources.kubernetes.errors import ApiError, KubernetesError
from ingressd.sources.kubernetes.kinds import (
    EVERYTHING,
    SLICES_API,
    Scope,
    WatchedKind,
    endpoint_kinds,
    secrets_named_by_flags,
    watched_kinds,
)
from ingressd.sources.kubernetes.named_secrets import NamedSecrets
from ingressd.sources.kubernetes.outbox import Outbox
from ingressd.sources.kubernetes.pace import DEFAULT_TIMING, Timing, Uniform, pause_after
from ingressd.sources.kubernetes.watching import KindWatch, Watching

_ENDPOINTS = "endpoints in the form that the server has"


class KubernetesSource:
    """A :class:`ingressd.sources.events.Source`; its batches can be iterated once.

    ``Synced`` comes after the first complete list of every kind, where a kind that we may not read
    counts as empty. While the API server is away nothing is deleted.
    """

    def __init__(
        self,
        api: ApiServer,
        scope: Scope = EVERYTHING,
        *,
        timing: Timing = DEFAULT_TIMING,
        uniform: Uniform = random.uniform,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._scope = scope
        self._kinds = watched_kinds(scope)
        self._outbox = Outbox([_ENDPOINTS, *(kind.address for kind in self._kinds)])
        self._contacts = Contacts(api.url, self._outbox.put, clock=clock)
        self._shared = Watching(api, self._outbox, self._contacts, timing, uniform, clock)
        self._named = NamedSecrets(secrets_named_by_flags(scope), self._shared, self._start)
        self._outbox.show_first(self._named.heed)

    @property
    def states(self) -> tuple[KindState, ...]:
        """How up to date each kind is."""
        return self._contacts.states

    async def batches(self) -> AsyncGenerator[Sequence[Event]]:
        """Every kind as it comes, ``Synced``, then changes; all of one loop turn together."""
        tasks = [self._start(self._watch(self._kinds)), self._start(self._watch_endpoints())]
        try:
            while True:
                yield await self._outbox.take()
        finally:
            tasks += self._named.tasks
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, watch: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(watch)
        task.add_done_callback(self._note_end)
        return task

    def _note_end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._outbox.fail(error)

    async def _watch(self, kinds: Sequence[WatchedKind]) -> None:
        async with asyncio.TaskGroup() as watches:
            for kind in kinds:
                watches.create_task(KindWatch(kind, self._shared).forever(), name=kind.address)

    async def _watch_endpoints(self) -> None:
        kinds = endpoint_kinds(self._scope, has_slices=await self._has_slices())
        self._outbox.expect(kind.address for kind in kinds)
        self._outbox.arrived(_ENDPOINTS)
        await self._watch(kinds)

    async def _has_slices(self) -> bool:
        """Whether the server has EndpointSlices of v1. Where we may not ask, we assume it."""
        failures = 0
        while True:
            try:
                await self._shared.api.get(SLICES_API)
                return True
            except KubernetesError as error:
                if isinstance(error, ApiError) and error.status in _ANSWERS:
                    return _ANSWERS[error.status]
                failures += 1
                timing, uniform = self._shared.timing, self._shared.uniform
                seconds = pause_after(error, failures, timing, uniform)
            await self._contacts.pause(seconds, to_the_end=False)


_ANSWERS = {403: True, 404: False}


async def load(source: KubernetesSource) -> list[Event]:
    """What is in the cluster now, and ``Synced``. Raises ApiUnreachable."""
    events: list[Event] = []
    async with aclosing(source.batches()) as batches:
        async for batch in batches:
            events += batch
            if any(isinstance(event, Synced) for event in batch):
                break
            for finding in _findings(batch):
                if finding.code == "ApiUnreachable":
                    raise ApiUnreachable(finding.message)
    return events


def _findings(batch: Sequence[Event]) -> list[Finding]:
    reports = (event for event in batch if isinstance(event, Reported))
    return [finding for report in reports for finding in report.findings]
