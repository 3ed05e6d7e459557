"""Secrets and ConfigMaps read by name, one by one: at once, then watched, or read again in turn.

A watch takes a connection, so there is an end to how many there are. What has none is not lost: it
is followed more slowly.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TypeAlias

from msgspec import Struct

from ingressd.resources.metadata import ObjectKey
from ingressd.sources.events import Event
from ingressd.sources.kubernetes.api import QueryValue
from ingressd.sources.kubernetes.envelopes import Page, decode_page
from ingressd.sources.kubernetes.errors import ApiError, KubernetesError, StreamGarbled
from ingressd.sources.kubernetes.fairness import AT_ONCE, Pace, Places, Schedule
from ingressd.sources.kubernetes.kinds import WatchedKind, named_object
from ingressd.sources.kubernetes.known import Known
from ingressd.sources.kubernetes.pace import is_refused, pause_after
from ingressd.sources.kubernetes.watching import KindWatch, Watching

MOST_WATCHES = 200
"""Whoever writes Ingresses decides how many there could be."""

IN_TURN = Pace(30.0, 100)
"""Of what is not watched."""

PROBED = Pace(30.0, 1)
"""Of what we may not read: whether one may be read again is found out for its namespace."""

LONGEST_HOLD = 10.0
"""Seconds for which ``Synced`` waits for what is named at the start."""

Start: TypeAlias = Callable[[Coroutine[None, None, None]], asyncio.Task[None]]

_log = logging.getLogger(__name__)


class Reading(Struct, eq=False):
    """How one object is read. ``failures`` in a row decide how long it waits; those since
    ``denied_since`` were answers about this very object. ``trouble`` is why it cannot be read, None
    as long as that may pass."""

    key: ObjectKey
    kind: WatchedKind
    known: Known
    failures: int = 0
    denied_since: float | None = None
    trouble: KubernetesError | None = None
    is_in_turn: bool = False
    watch: asyncio.Task[None] | None = None


class SecretReading:
    """Owner of what is known of the objects that are read by name.

    ``tell`` is called with each that gets into trouble or out of it, or comes to be read in turn or
    no longer, unless it was stopped.
    """

    def __init__(self, shared: Watching, start: Start, tell: Callable[[ObjectKey], None]) -> None:
        self._shared = shared
        self._start = start
        self._tell = tell
        self._readings: dict[ObjectKey, Reading] = {}
        self._schedule = Schedule()
        self._places = Places(MOST_WATCHES)
        self._news = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """What is at work, to be cancelled at the end."""
        watches = (reading.watch for reading in self._readings.values())
        return [task for task in (self._reader, *watches) if task is not None]

    def of(self, key: ObjectKey) -> Reading | None:
        """How it is read, if it is."""
        return self._readings.get(key)

    def begin(self, key: ObjectKey) -> None:
        """Read it from now on, if it is not read already."""
        if key in self._readings:
            return
        self._readings[key] = Reading(key, named_object(key), Known(key.kind))
        self._schedule.put(key, AT_ONCE, self._shared.clock())
        self._news.set()
        if self._reader is None:
            self._reader = self._start(self._read_on())

    def stop(self, key: ObjectKey) -> list[Event]:
        """Read it no longer, if it is; returns what takes back all that was said of it."""
        reading = self._readings.pop(key, None)
        if reading is None:
            return []
        self._schedule.discard(key)
        self._places.release(key)
        self._unwatch(reading)
        self._shared.contacts.forget(reading.kind)
        self._shared.read.discard(reading.kind.address)
        loop = asyncio.get_running_loop()
        loop.call_soon(self._shared.outbox.arrived, reading.kind.address)  # after what is returned
        return reading.known.replace(reading.known.relisting(), "")

    def hold_synced(self) -> bool:
        """Let ``Synced`` wait until each is read, or known to be in trouble; whether there are any.
        What a source before this one read is being served: nothing but reading it will do."""
        self._shared.outbox.expect(reading.kind.address for reading in self._readings.values())
        if self._readings:
            asyncio.get_running_loop().call_later(LONGEST_HOLD, self._hold_no_longer)
        return bool(self._readings)

    def _hold_no_longer(self) -> None:
        unread = [reading for reading in self._readings.values() if not reading.known.position]
        if unread:
            _log.warning("%d objects that Ingresses name are not read yet", len(unread))
        for reading in unread:
            self._do_without(reading)

    def _do_without(self, reading: Reading) -> None:
        if reading.kind.address not in self._shared.read:
            self._shared.outbox.arrived(reading.kind.address)

    async def _read_on(self) -> None:
        """One request at a time, however many are named; a pause of all only where it is the server
        that does not answer, or asks for it."""
        outages = 0
        while True:
            key = self._schedule.take(self._shared.clock())
            if key is None:
                await self._wait()
                continue
            error = await self._read(self._readings[key])
            outages = outages + 1 if _is_outage(error) else 0
            if outages:
                await self._rest(error, outages)

    async def _rest(self, error: KubernetesError | None, outages: int) -> None:
        """Leave the server in peace."""
        is_asked = isinstance(error, ApiError) and error.retry_after is not None
        seconds = pause_after(error, outages, self._shared.timing, self._shared.uniform)
        await self._shared.contacts.pause(seconds, to_the_end=is_asked)

    async def _wait(self) -> None:
        """Until something is named, or the next one is due."""
        self._news.clear()
        next_at = self._schedule.next_at()
        seconds = None if next_at is None else next_at - self._shared.clock()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    async def _read(self, reading: Reading) -> KubernetesError | None:
        """By list: it tells the version from which a watch goes on. Returns what was wrong, even
        where nobody wants to know of the object any more."""
        query: dict[str, QueryValue] = {**reading.kind.selectors}
        try:
            answer = await self._shared.api.get(reading.kind.path, **query)
            page = decode_page(answer, reading.kind.type)
            if not page.version:
                raise StreamGarbled(f"the list of {reading.kind.name} has no resourceVersion")
        except KubernetesError as error:
            if self._is_wanted(reading):
                self._fail(reading, error)
            return error
        if self._is_wanted(reading):
            self._take(reading, page)
        return None

    def _is_wanted(self, reading: Reading) -> bool:
        """Whether it was not stopped, nor another one of the same object begun since."""
        return self._readings.get(reading.key) is reading

    def _fail(self, reading: Reading, error: KubernetesError) -> None:
        """An answer is not believed at once: a server that has just started forbids everything."""
        shared, timing, now = self._shared, self._shared.timing, self._shared.clock()
        reading.failures += 1
        pace = self._pace_of_retry(reading)
        if _is_outage(error):
            reading.denied_since = None
            shared.contacts.failed(reading.kind, "list", error)
        elif reading.denied_since is None:
            reading.denied_since = now
        if reading.denied_since is not None and now - reading.denied_since >= timing.patience:
            shared.contacts.forget(reading.kind)  # it is told to whoever names it
            self._do_without(reading)
            is_new = reading.trouble is None or is_refused(reading.trouble) != is_refused(error)
            self._set(reading, error if is_new else reading.trouble, is_in_turn=False)
            pace = PROBED if is_refused(error) else pace
        self._schedule.put(reading.key, pace, now)

    def _pace_of_retry(self, reading: Reading) -> Pace:
        """Without jitter: whoever waits equally long waits together."""
        timing = self._shared.timing
        delay = pause_after(None, reading.failures, timing, lambda _, longest: longest)
        return Pace(delay, IN_TURN.most)

    def _take(self, reading: Reading, page: Page) -> None:
        shared, kind = self._shared, reading.kind
        reading.failures, reading.denied_since = 0, None
        listed = reading.known.relisting()
        listed.add(page)
        shared.read.add(kind.address)
        shared.outbox.put(reading.known.replace(listed, page.version))
        shared.outbox.arrived(kind.address)
        shared.contacts.forget(kind)
        if is_refused(reading.trouble):
            self._schedule.hasten(reading.key.namespace, PROBED, shared.clock())
        displaced = self._places.claim(reading.key)
        if displaced != reading.key:
            self._watch(reading)
        if displaced is not None:
            self._await_turn(self._readings[displaced])

    def _watch(self, reading: Reading) -> None:
        self._shared.contacts.listed(reading.kind)
        reading.watch = self._start(self._follow(reading))
        self._set(reading, None, is_in_turn=False)

    async def _follow(self, reading: Reading) -> None:
        try:
            await KindWatch(reading.kind, self._shared, reading.known).forever()
        finally:
            if not self._is_wanted(reading):
                self._shared.contacts.forget(reading.kind)

    def _await_turn(self, reading: Reading) -> None:
        """From here on changes are missed; what was watched until now goes on from there."""
        self._unwatch(reading)
        now = self._shared.clock()
        self._shared.contacts.ended(reading.kind, now)
        self._schedule.put(reading.key, IN_TURN, now)
        self._set(reading, None, is_in_turn=True)

    def _unwatch(self, reading: Reading) -> None:
        if reading.watch is not None:
            reading.watch.cancel()
            reading.watch = None

    def _set(self, reading: Reading, trouble: KubernetesError | None, *, is_in_turn: bool) -> None:
        if (reading.trouble, reading.is_in_turn) != (trouble, is_in_turn):
            reading.trouble, reading.is_in_turn = trouble, is_in_turn
            self._tell(reading.key)


def _is_outage(error: KubernetesError | None) -> bool:
    """Whether it is about all requests: no answer, none but "later", or that we are nobody."""
    if isinstance(error, ApiError):
        return error.retry_after is not None or error.status in (401, 429)
    return error is not None and not isinstance(error, StreamGarbled)
