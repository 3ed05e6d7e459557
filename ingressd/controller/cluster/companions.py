"""Election, status and Events together: what a replica does in a cluster beside serving."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from msgspec import Struct

from ingressd.controller.cluster.allowance import TokenBucket
from ingressd.controller.cluster.authorship import Authorship
from ingressd.controller.cluster.digest import Digest
from ingressd.controller.cluster.elector import Candidate, Elector
from ingressd.controller.cluster.event_writer import EventPace, EventWriter, Replica
from ingressd.controller.cluster.failures import Failures
from ingressd.controller.cluster.pen import Pen
from ingressd.controller.cluster.published import FixedAddresses, Published, ServiceAddresses
from ingressd.controller.cluster.status_writer import StatusPace, StatusWriter
from ingressd.controller.controller import Controller
from ingressd.sources.kubernetes.api import ApiServer

_log = logging.getLogger(__name__)

RESTART_SECONDS = 5.0
"""Between a crash of a writer, which is a bug, and its next start."""

LOOKS_FOR_A_SUCCESSOR = 3
"""Periods of a standby in which it takes a Lease that was released, if there is a standby."""

_EVENTS = "Events"
_STATUS = "Ingress status"


class ReplicaSettings(Struct, frozen=True):
    """What to publish and how to elect. ``instance`` is the name of the pod or host.

    ``publish_status_address`` wins over ``publish_service``; with neither no status is written.
    """

    candidate: Candidate
    instance: str
    publish_service: str = ""
    publish_status_address: tuple[str, ...] = ()
    update_status_on_shutdown: bool = True


class Pace(Struct, frozen=True):
    """How fast things are written."""

    status: StatusPace = StatusPace()
    statuses_per_second: float = 50.0
    events: EventPace = EventPace()
    events_per_second: float = 10.0
    burst: int = 100


class Companions:
    """One replica's part in its cluster. Nothing here raises into what serves."""

    def __init__(self, api: ApiServer, settings: ReplicaSettings, pace: Pace | None = None) -> None:
        self._api = api
        self._settings = settings
        self._pace = pace or Pace()
        self._failures = Failures()
        self._elector = Elector(api, settings.candidate, self._failures)
        self._published = _published(api, settings)
        self._status: StatusWriter | None = None
        self._campaign: asyncio.Task[None] | None = None

    @property
    def is_leader(self) -> bool:
        """Whether this replica writes."""
        return self._elector.is_leader

    @property
    def failures(self) -> Mapping[str, int]:
        """How often writing failed, by what was written."""
        return self._failures.counts

    async def live(self, controller: Controller, served_generation: Callable[[], int]) -> None:
        """Stand for election once everything is known, and write while leading; until cancelled,
        or until :meth:`leave` is called."""
        self._campaign = asyncio.create_task(
            self._accompany(controller, served_generation), name="campaign"
        )
        try:
            await asyncio.wait((self._campaign,))
        finally:
            self._campaign.cancel()
        if not self._campaign.cancelled():
            _log.error("this replica writes no more", exc_info=self._campaign.exception())

    async def leave(self) -> None:
        """Stop writing, hand over the Lease and, where nobody takes it, take back the status.

        A standby takes a released Lease within moments. So who finds it untouched is the last, and
        does not take addresses from Ingresses that somebody else is about to publish.
        """
        await self._stop()
        if not await self._elector.release():
            return
        status = self._status
        if status is None or not self._settings.update_status_on_shutdown:
            return
        await asyncio.sleep(LOOKS_FOR_A_SUCCESSOR * self._elector.timing.longest_period)
        if await self._elector.last_act(status.remove_all):
            _log.info("nobody took over: Ingress statuses are taken back")

    async def _stop(self) -> None:
        if self._campaign is not None:
            self._campaign.cancel()
            await asyncio.wait((self._campaign,))

    async def _accompany(
        self, controller: Controller, served_generation: Callable[[], int]
    ) -> None:
        events = self._event_writer(controller, served_generation)
        self._status = self._status_writer(controller)
        writers = {_EVENTS: events.run}
        observers = [events.note]
        if self._status is not None:
            writers[_STATUS] = self._status.run
            observers.append(self._status.note)
        digest = Digest(observers)
        stop_observing = controller.observe(digest.hear)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_kept("following changes", digest.run))
                await digest.is_begun.wait()
                lead = partial(_all_kept, writers)
                await _kept("leader election", lambda: self._elector.run(lead))
        finally:
            stop_observing()

    def _event_writer(
        self, controller: Controller, served_generation: Callable[[], int]
    ) -> EventWriter:
        replica = Replica(
            name=self._settings.instance,
            publishes=self._published is not None,
            served_generation=served_generation,
            tenure=lambda: self._elector.tenure,
        )
        pen = self._pen(_EVENTS, self._pace.events_per_second)
        return EventWriter(controller, pen, replica, self._pace.events)

    def _status_writer(self, controller: Controller) -> StatusWriter | None:
        if self._published is None:
            _log.info(
                "Ingress status is not written: neither --publish-service nor "
                "--publish-status-address says at which address clients reach us"
            )
            return None
        return StatusWriter(
            controller,
            self._published,
            self._pen(_STATUS, self._pace.statuses_per_second),
            Authorship(self._api, self._settings.candidate),
            self._pace.status,
        )

    def _pen(self, what: str, rate: float) -> Pen:
        now = asyncio.get_running_loop().time()
        bucket = TokenBucket(rate, self._pace.burst, now)
        return Pen(self._api, what, self._failures, lambda: self.is_leader, bucket)


def _published(api: ApiServer, settings: ReplicaSettings) -> Published | None:
    if settings.publish_status_address:
        return FixedAddresses(settings.publish_status_address)
    if settings.publish_service:
        return ServiceAddresses(api, settings.publish_service)
    return None


async def _all_kept(writers: Mapping[str, Callable[[], Awaitable[None]]]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for name, run in writers.items():
            tasks.create_task(_kept(name, run), name=name)


async def _kept(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run until cancelled, and again after a crash."""
    while True:
        try:
            await run()
        except Exception:  # a bug here must cost neither the other writer nor what serves
            _log.exception("%s failed; starting again in %g s", name, RESTART_SECONDS)
        await asyncio.sleep(RESTART_SECONDS)
