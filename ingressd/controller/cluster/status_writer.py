"""Writes the status of Ingresses while we lead, so that ``kubectl get ingress`` shows ADDRESS."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress

import msgspec
from msgspec import Struct

from ingressd.controller.cluster.addresses import Addresses
from ingressd.controller.cluster.authorship import Authorship
from ingressd.controller.cluster.in_force import AddressesInForce
from ingressd.controller.cluster.pen import Pen
from ingressd.controller.cluster.pending import Pending
from ingressd.controller.cluster.published import Published
from ingressd.controller.cluster.status_plan import (
    Departures,
    StatusPatch,
    may_have_left,
    plan_removal,
    plan_status,
)
from ingressd.controller.controller import Controller
from ingressd.controller.observing import Change, SeenIngress
from ingressd.resources.decoding import DecodingError
from ingressd.resources.metadata import ObjectKey
from ingressd.sources.kubernetes.errors import CONFLICT, NOT_FOUND, ApiError, KubernetesError

_log = logging.getLogger(__name__)

_ADDRESSES = "published addresses"
_DEPARTURES = "statuses of Ingresses that left"

_CONFLICT_PAUSE = 1.0


class StatusPace(Struct, frozen=True):
    """How fast statuses are written. ``interval`` is seconds between two looks at everything, and
    ``spacing`` what lies between them even when the addresses change all the time. Fewer addresses
    than before are published once they have been fewer for ``settle_fewer`` seconds. An Ingress
    that changes is looked at ``settle`` seconds later; up to ``batch`` are planned at once, and
    ``concurrency`` requests are under way together."""

    interval: float = 60.0
    spacing: float = 1.0
    settle_fewer: float = 5.0
    settle: float = 0.1
    concurrency: int = 8
    batch: int = 500


class StatusWriter:
    """Keeps statuses as they should be. :meth:`note` is called in every replica, :meth:`run` only
    while this one leads.
    """

    def __init__(
        self,
        controller: Controller,
        published: Published,
        pen: Pen,
        authorship: Authorship,
        pace: StatusPace | None = None,
    ) -> None:
        self._controller = controller
        self._published = published
        self._pen = pen
        self._authorship = authorship
        self._pace = pace or StatusPace()
        self._in_force = AddressesInForce(self._pace.settle_fewer)
        self._recalled_for: Addresses | None = None
        self._departures = Departures()
        self._pending = Pending(self._pace.settle)
        self._stale = asyncio.Event()
        self._written: dict[ObjectKey, StatusPatch] = {}
        self._is_running = False

    def note(self, change: Change) -> None:
        """Remember what has to be looked at again."""
        for key in change.ingresses:
            self._departures.note(key, self._controller.ingress(key))
        if self._is_running:
            self._pending.add(change.ingresses)
        if self._published.concerns(change.services):
            self._stale.set()

    async def run(self) -> None:
        """Write what has to be written, until cancelled. What was published in an earlier term of
        ours may not be what the leaders since then published."""
        self._in_force = AddressesInForce(self._pace.settle_fewer)
        self._recalled_for = None
        self._is_running = True
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._refresh_forever(), name=_ADDRESSES)
                while True:
                    await self._write(await self._pending.take(self._pace.batch))
                    await asyncio.sleep(0)  # between batches others on the loop have their turn
        finally:
            self._is_running = False
            self._pending.clear()

    async def remove_all(self) -> None:
        """Take back every status that shows our addresses: nobody serves these Ingresses now."""
        addresses = self._in_force.current
        if addresses is not None:
            await self._send_all(self._planned_removals(addresses))

    async def _refresh_forever(self) -> None:
        """Read the addresses, and look at every Ingress: at first, in intervals, whenever the
        Service changes, and when what has become fewer may count."""
        while True:
            self._stale.clear()
            if await self._refresh():
                await self._recall_departures()
                self._written.clear()
                self._pending.add(self._controller.ingresses)
            pause = min(self._pace.interval, self._in_force.unsettled(_now()))
            await asyncio.sleep(self._pace.spacing)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, pause - self._pace.spacing)):
                    await self._stale.wait()

    async def _refresh(self) -> bool:
        """Read the addresses; returns whether they are known now."""
        try:
            addresses = await self._published.read()
        except (KubernetesError, DecodingError, msgspec.DecodeError) as error:
            self._pen.failures.note(_ADDRESSES, error)
            return False
        self._pen.failures.clear(_ADDRESSES)
        if addresses is None:
            return False
        if self._in_force.take(addresses, _now()):
            shown = ", ".join(each.ip or each.hostname for each in addresses)
            _log.info("Ingress status: the addresses are %s", shown or "not assigned yet")
        return True

    async def _recall_departures(self) -> None:
        """What left while no replica watched: once in each term for all addresses that it sees.
        Costs nothing where no Ingress of others shows them."""
        addresses = self._in_force.current
        if addresses is None or addresses == self._recalled_for:
            return
        suspects = {
            seen.ingress.key
            for seen in self._seen(self._controller.ingresses)
            if may_have_left(seen, addresses)
        }
        try:
            for namespace in sorted({key.namespace for key in suspects}):
                ours = await self._authorship.ingresses_with_our_status(namespace)
                for seen in self._seen(suspects & ours):
                    self._departures.recall(seen)
        except (KubernetesError, msgspec.DecodeError) as error:
            self._pen.failures.note(_DEPARTURES, error)
            return
        self._pen.failures.clear(_DEPARTURES)
        self._recalled_for = addresses

    async def _write(self, keys: Iterable[ObjectKey]) -> None:
        addresses = self._in_force.current
        if addresses is not None:
            await self._send_all(self._planned(keys, addresses))

    def _planned(self, keys: Iterable[ObjectKey], addresses: Addresses) -> list[StatusPatch]:
        """Only differences, and not again what the store has not seen coming back yet."""
        patches = []
        for key in keys:
            seen = self._controller.ingress(key)
            if seen is None:
                self._written.pop(key, None)
                continue
            left_with = self._departures.left_with(key)
            ours = left_with if left_with in self._in_force else ()
            patch = plan_status(seen, addresses, ours)
            if patch is not None and patch != self._written.get(key):
                patches.append(patch)
        return patches

    def _planned_removals(self, addresses: Addresses) -> list[StatusPatch]:
        plans = (plan_removal(seen, addresses) for seen in self._seen(self._controller.ingresses))
        return [patch for patch in plans if patch is not None]

    def _seen(self, keys: Iterable[ObjectKey]) -> Iterator[SeenIngress]:
        """Those that are there."""
        return filter(None, map(self._controller.ingress, keys))

    async def _send_all(self, patches: Iterable[StatusPatch]) -> None:
        """Some at a time. Waits for the rate, and longer while the API server is in trouble."""
        room = asyncio.Semaphore(self._pace.concurrency)
        async with asyncio.TaskGroup() as tasks:
            for patch in patches:
                await self._pen.turn()
                await room.acquire()
                task = tasks.create_task(self._send(patch))
                task.add_done_callback(lambda _task: room.release())

    async def _send(self, patch: StatusPatch) -> None:
        if not self._pen.may_write():
            return
        try:
            manager = self._authorship.manager
            await self._pen.send("PATCH", patch.path, patch.body, fieldManager=manager)
        except KubernetesError as error:
            self._recover(patch, error)
            return
        self._pen.worked()
        self._written[patch.key] = patch

    def _recover(self, patch: StatusPatch, error: KubernetesError) -> None:
        """Gone: nothing to do. Changed meanwhile: again, with what the watch brings. In trouble:
        again, after a pause in which nothing else is tried. Anything else waits for the next look
        at everything, as it would fail again."""
        status = error.status if isinstance(error, ApiError) else 0
        if status == NOT_FOUND:
            return
        if status == CONFLICT:
            self._pending.add((patch.key,), delay=_CONFLICT_PAUSE)
            return
        if self._pen.failed(error):
            self._pending.add((patch.key,))


def _now() -> float:
    return asyncio.get_running_loop().time()
