"""Leader election: campaigns for a Lease, and lets an action run for as long as it is held."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec
from msgspec import Struct

from ingressd.controller.cluster.failures import Failures
from ingressd.controller.cluster.lease import (
    SPREAD,
    Lease,
    Observation,
    Timing,
    Wait,
    decide,
    held,
    observe,
    released,
    unwritten,
)
from ingressd.sources.kubernetes.api import ApiServer
from ingressd.sources.kubernetes.errors import CONFLICT, NOT_FOUND, ApiError, KubernetesError

_log = logging.getLogger(__name__)

FAILURE = "leader election"
_NEVER = float("-inf")
_RELEASE_TRIES = 3  # a claim that was cut off can arrive between our read and our write


class Candidate(Struct, frozen=True):
    """Who campaigns for which Lease. ``identity`` belongs to one process, never to two."""

    identity: str
    namespace: str
    lease: str

    @property
    def path(self) -> str:
        """Where Leases of the namespace are."""
        return f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases"


class Elector:
    """One replica's side of the election.

    ``is_leader`` is by the clock: it ends ``renew_deadline`` after the last renewal was *sent*,
    even in a process that was stopped meanwhile. Writers ask it before every write.
    """

    def __init__(
        self,
        api: ApiServer,
        candidate: Candidate,
        failures: Failures,
        *,
        timing: Timing | None = None,
    ) -> None:
        self.timing = timing or Timing()
        self._api = api
        self._candidate = candidate
        self._failures = failures
        self._seen: Observation | None = None
        self._is_unsure = False  # whether a claim of ours had no answer, and may yet have counted
        self._leads_until = _NEVER
        self._overdue_at = _NEVER
        self._known_holder = ""
        self._tenure = ""

    @property
    def is_leader(self) -> bool:
        """Whether this replica may act now."""
        return _now() < self._leads_until

    @property
    def tenure(self) -> str:
        """``acquireTime`` of the Lease as last written by us, "" before that. It stays the same
        over terms between which nobody else held the Lease."""
        return self._tenure

    async def run(self, lead: Callable[[], Awaitable[None]]) -> None:
        """Campaign forever; ``lead`` runs while we lead and is cancelled when we no longer do."""
        while True:
            await self._turn()
            if self.is_leader:
                await self._term(lead)
            await asyncio.sleep(self._pause())

    async def release(self) -> bool:
        """Give the Lease up, so that another replica takes over at once; whether it was ours.

        Nothing may act any more when this is called. :meth:`run` may have been cancelled in the
        middle of a claim: what became of that is read from the Lease.
        """
        was_leader = self.is_leader
        self._leads_until = _NEVER
        if not was_leader and not self._is_unsure:
            return False
        try:
            async with self._patience():
                is_released = await self._give_up()
        except (KubernetesError, TimeoutError, msgspec.DecodeError) as error:
            self._failures.note(FAILURE, error)
            return False
        if is_released:
            _log.info("leadership is released")
        return is_released

    async def last_act(self, act: Callable[[], Awaitable[None]]) -> bool:
        """Lead once more for one act, if nobody took the Lease since :meth:`release`, and release
        it again. Returns whether nobody had."""
        if not await self._reclaim():
            return False
        action = asyncio.ensure_future(act())
        try:
            await self._keep(action)
        finally:
            await _ended(action)
        await self.release()
        return True

    async def _give_up(self) -> bool:
        """Write that nobody holds the Lease, if we do; whether we did."""
        for _ in range(_RELEASE_TRIES):
            if self._is_unsure:
                await self._read()
            if self._seen is None or self._seen.lease.holder != self._candidate.identity:
                return False
            try:
                await self._write(released(self._seen.lease, time.time()))
            except ApiError as error:
                if error.status != CONFLICT:
                    raise
                self._is_unsure = True
            else:
                return True
        return False

    async def _reclaim(self) -> bool:
        if self._seen is None or self._seen.lease.holder:
            return False
        try:
            async with self._patience():
                await self._claim(self._seen.lease)
        except (KubernetesError, TimeoutError, msgspec.DecodeError):
            return False  # 409: somebody else leads, as was hoped; all else: nothing can be written
        return True

    async def _term(self, lead: Callable[[], Awaitable[None]]) -> None:
        """Act until the Lease is lost. Returns once the action has ended."""
        _log.info("%s leads", self._candidate.identity)
        action = asyncio.ensure_future(lead())
        try:
            await self._keep(action)
        finally:
            await _ended(action)
        _log.warning("%s leads no longer", self._candidate.identity)

    async def _keep(self, action: asyncio.Future[None]) -> None:
        """Renew until that has not worked for too long, or another replica leads."""
        while self.is_leader and not action.done():
            wait = min(self._period(), self._leads_until - _now())
            await asyncio.wait((action,), timeout=wait)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._leads_until):
                    await self._turn()

    async def _turn(self) -> None:
        """One attempt to take or keep the Lease; failures only cost this attempt."""
        try:
            async with self._patience():
                await self._attempt()
        except (KubernetesError, TimeoutError, msgspec.DecodeError) as error:
            if not (isinstance(error, ApiError) and error.status == CONFLICT):
                self._failures.note(FAILURE, error)
            self._seen = self._seen if not self.is_leader else None  # what is there now is unknown
        else:
            self._failures.clear(FAILURE)

    async def _attempt(self) -> None:
        """Reads unless we hold what was last seen: a leader needs one request for each renewal."""
        if not self.is_leader or self._seen is None:
            await self._read()
        seen, me = self._seen, self._candidate.identity
        decision = decide(seen, me, _now(), self.timing)
        if isinstance(decision, Wait):
            self._leads_until = _NEVER
            self._overdue_at = decision.until
            self._note_holder(decision.holder)
            return
        free = unwritten(self._candidate.namespace, self._candidate.lease)
        await self._claim(seen.lease if seen is not None else free)

    async def _read(self) -> None:
        try:
            raw = await self._api.get(f"{self._candidate.path}/{self._candidate.lease}")
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
            self._seen = None
        else:
            self._seen = observe(msgspec.json.decode(raw, type=Lease), self._seen, _now())
        self._is_unsure = False

    async def _claim(self, lease: Lease) -> None:
        """The time counts from before the request: nobody can have seen it earlier."""
        sent_at = _now()
        self._is_unsure = True
        lease = held(lease, self._candidate.identity, time.time(), self.timing)
        await self._write(lease)
        self._tenure = lease.spec.acquire_time or ""
        self._leads_until = sent_at + self.timing.renew_deadline
        self._note_holder(self._candidate.identity)

    async def _write(self, lease: Lease) -> None:
        method, path = "POST", self._candidate.path
        if lease.exists:
            method, path = "PUT", f"{path}/{self._candidate.lease}"
        raw = await self._api.send(method, path, lease)
        self._seen = Observation(msgspec.json.decode(raw, type=Lease), _now())
        self._is_unsure = False

    def _note_holder(self, holder: str) -> None:
        if holder != self._known_holder:
            self._known_holder = holder
            _log.info("the leader is %s", holder)

    def _patience(self) -> asyncio.Timeout:
        """No attempt takes so long that there is no time for another one."""
        return asyncio.timeout(self.timing.renew_deadline / 2)

    def _pause(self) -> float:
        """Until the next look, which is no later than the moment in which the leader is overdue."""
        left = self._overdue_at - _now()
        return min(self._period(), left) if left > 0 else self._period()

    def _period(self) -> float:
        return self.timing.retry_period * (1 + SPREAD * random.random())


async def _ended(action: asyncio.Future[None]) -> None:
    """Cancel what may not go on, and wait until it does not."""
    action.cancel()
    await asyncio.wait((action,))
    if not action.cancelled() and (error := action.exception()) is not None:
        _log.error("leading failed", exc_info=error)


def _now() -> float:
    return asyncio.get_running_loop().time()
