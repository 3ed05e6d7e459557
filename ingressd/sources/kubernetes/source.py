"""The source that watches a cluster: every kind by itself, their changes together."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing

from ingressd.resources.finding import Finding
from ingressd.sources.events import Event, KindState, Reported, Synced
from ingressd.sources.kubernetes.api import ApiServer, ApiUnreachable, QueryValue
from ingressd.sources.kubernetes.contact import Contacts
from ingressd.sources.kubernetes.errors import NOT_FOUND, ApiError, KubernetesError, Unreadable
from ingressd.sources.kubernetes.kinds import (
    EVERYTHING,
    SLICES_API,
    Scope,
    WatchedKind,
    endpoint_kinds,
    watched_kinds,
)
from ingressd.sources.kubernetes.named_secrets import NamedSecrets
from ingressd.sources.kubernetes.outbox import Outbox
from ingressd.sources.kubernetes.pace import (
    DEFAULT_TIMING,
    Timing,
    Uniform,
    is_refused,
    pause_after,
)
from ingressd.sources.kubernetes.watching import KindWatch, Watching

_ENDPOINTS = "endpoints in the form that the server has"


class KubernetesSource:
    """A :class:`ingressd.sources.events.Source`; its batches can be iterated once.

    ``Synced`` comes after the first complete list of every kind. A kind that we may not read counts
    as empty if it is optional and neither this source nor one before it (``read`` are the addresses
    of what they listed) has ever read it: a right that is lost must not empty what is served. While
    the API server is away nothing is deleted.
    """

    def __init__(
        self,
        api: ApiServer,
        scope: Scope = EVERYTHING,
        *,
        timing: Timing = DEFAULT_TIMING,
        uniform: Uniform = random.uniform,
        clock: Callable[[], float] = time.monotonic,
        read: set[str] | None = None,
    ) -> None:
        self._scope = scope
        self._kinds = watched_kinds(scope)
        self._outbox = Outbox([_ENDPOINTS, *(kind.address for kind in self._kinds)])
        self._contacts = Contacts(api.url, self._outbox.put, clock=clock)
        self._shared = Watching(
            api,
            self._outbox,
            self._contacts,
            set() if read is None else read,
            timing,
            uniform,
            clock,
        )
        self._named = NamedSecrets(scope, self._shared, self._start)
        self._outbox.show_first(self._named.heed)

    @property
    def states(self) -> tuple[KindState, ...]:
        """How up to date each kind is."""
        return self._contacts.states

    def renewed(self) -> KubernetesSource:
        """Another one, to take the place of this one or of one that took it."""
        shared = self._shared
        return KubernetesSource(
            shared.api,
            self._scope,
            timing=shared.timing,
            uniform=shared.uniform,
            clock=shared.clock,
            read=shared.read,
        )

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
        """Whether the server has EndpointSlices of v1. Waits until it says so."""
        shared, failures = self._shared, 0
        kind = endpoint_kinds(self._scope, has_slices=True)[0]
        while True:
            try:
                has_slices = await self._is_served(kind)
            except KubernetesError as error:
                failures += 1
                self._contacts.failed(kind, "list", error)
                seconds = pause_after(error, failures, shared.timing, shared.uniform)
            else:
                self._contacts.forget(kind)
                return has_slices
            await self._contacts.pause(seconds, to_the_end=False)

    async def _is_served(self, kind: WatchedKind) -> bool:
        """Whether there is such a collection. Where we may not ask for that, a list has to tell."""
        try:
            return await self._exists(SLICES_API)
        except ApiError as error:
            if not is_refused(error):
                raise
            return await self._exists(kind.path, limit=1)

    async def _exists(self, path: str, **query: QueryValue) -> bool:
        try:
            await self._shared.api.get(path, **query)
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
            return False
        return True


async def load(source: KubernetesSource) -> list[Event]:
    """What is in the cluster now, and ``Synced``. Raises ApiUnreachable, and Unreadable where that
    would never come."""
    events: list[Event] = []
    async with aclosing(source.batches()) as batches:
        async for batch in batches:
            events += batch
            if any(isinstance(event, Synced) for event in batch):
                break
            if obstacles := {state.obstacle for state in source.states if state.obstacle}:
                raise Unreadable("; ".join(sorted(obstacles)))
            for finding in _findings(batch):
                if finding.code == "ApiUnreachable":
                    raise ApiUnreachable(finding.message)
    return events


def _findings(batch: Sequence[Event]) -> list[Finding]:
    reports = (event for event in batch if isinstance(event, Reported))
    return [finding for report in reports for finding in report.findings]
