"""One kind, listed once and then followed for ever: three loops, each around the next.

``forever`` lists again when the server has forgotten our position, ``_follow`` opens a stream where
the last one ended, ``_read_stream`` reads one stream.
"""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable

from msgspec import Struct, field

from ingressd.sources.kubernetes.api import ApiServer, QueryValue
from ingressd.sources.kubernetes.contact import Contacts
from ingressd.sources.kubernetes.envelopes import decode_line, decode_page
from ingressd.sources.kubernetes.errors import (
    ApiError,
    ApiUnreachable,
    KubernetesError,
    StreamGarbled,
)
from ingressd.sources.kubernetes.kinds import WatchedKind
from ingressd.sources.kubernetes.known import Known, Relisting
from ingressd.sources.kubernetes.outbox import Outbox
from ingressd.sources.kubernetes.pace import (
    DEFAULT_TIMING,
    Timing,
    Uniform,
    is_ahead,
    is_doubtful,
    is_gone,
    is_refused,
    pause_after,
    watch_timeout,
)

_log = logging.getLogger(__name__)

DOUBTS_BEFORE_LIST = 2
"""Streams in a row that gave nothing, or nonsense, until the position is no longer believed in."""


class Watching(Struct, frozen=True):
    """What the watches of all kinds share. ``read`` are the addresses of what was listed, in this
    source or one before it."""

    api: ApiServer
    outbox: Outbox
    contacts: Contacts
    read: set[str] = field(default_factory=set)
    timing: Timing = DEFAULT_TIMING
    uniform: Uniform = random.uniform
    clock: Callable[[], float] = time.monotonic


class KindWatch:
    """Owner of the watch of one kind. ``failures`` in a row decide how long it pauses, and
    ``doubts`` in a row whether it is listed again; ``refused_since`` is when refusals began, None
    after anything else. Where its objects are ``known`` already it goes on from there."""

    def __init__(self, kind: WatchedKind, shared: Watching, known: Known | None = None) -> None:
        self._kind = kind
        self._shared = shared
        self._known = known if known is not None else Known(kind.name)
        self._failures = 0
        self._refused_since: float | None = None
        self._doubts = 0

    async def forever(self) -> None:
        """List and follow, again and again; nothing but being cancelled ends it."""
        while True:
            try:
                await self._list_until_complete()
                await self._follow()
            except Exception:  # a bug here must not stop the other kinds, nor this one for good
                _log.exception("watching %s failed; it is listed again", self._kind.address)
                self._known.position = ""
                await self._rest("watch", None)

    async def _list_until_complete(self) -> None:
        while not self._known.position:
            try:
                await self._list()
            except KubernetesError as error:
                await self._rest("list", error)

    async def _list(self) -> None:
        shared, timing = self._shared, self._shared.timing
        try:
            listed, version = await self._pages(timing.page_size)
        except ApiError as error:
            if not is_gone(error):
                raise
            # Slower than the server forgets: all at once, which takes the server longer.
            listed, version = await self._pages(0, timing.whole_list)
        self._doubts = 0
        shared.read.add(self._kind.address)
        shared.contacts.listed(self._kind)
        shared.outbox.put(self._known.replace(listed, version))
        shared.outbox.arrived(self._kind.address)

    async def _pages(self, limit: int, within: float | None = None) -> tuple[Relisting, str]:
        """The complete list, compared with what is known, and its resourceVersion. Each page comes
        ``within`` so many seconds."""
        listed = self._known.relisting()
        query: dict[str, QueryValue] = {**self._kind.selectors, "limit": limit}
        while True:
            raw = await self._shared.api.get(self._kind.path, within, **query)
            page = decode_page(raw, self._kind.type)
            listed.add(page)
            if not page.version:
                raise StreamGarbled(f"the list of {self._kind.name} has no resourceVersion")
            if not page.continue_:
                return listed, page.version
            query["continue"] = page.continue_

    async def _follow(self) -> None:
        """One stream after the other, until the server has forgotten where the last one ended."""
        while self._known.position:
            error = await self._one_stream()
            if error is not None:
                await self._rest("watch", error)

    async def _one_stream(self) -> KubernetesError | None:
        """Read a stream to its end; returns what was wrong with it, if anything was."""
        try:
            await self._read_stream()
        except KubernetesError as error:
            if self._must_list(error):
                self._known.position = ""
            return error
        return None

    def _must_list(self, error: KubernetesError) -> bool:
        """Whether the position is of no use. Where watching is forbidden, listing has to do."""
        if is_doubtful(error):
            self._doubts += 1
            _log.warning("%s: %s", self._kind.address, error)
        is_useless = is_gone(error) or is_ahead(error) or is_refused(error)
        return is_useless or self._doubts >= DOUBTS_BEFORE_LIST

    async def _read_stream(self) -> None:
        shared, kind = self._shared, self._kind
        query: dict[str, QueryValue] = {
            **kind.selectors,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._known.position,
            "timeoutSeconds": watch_timeout(shared.timing, shared.uniform),
        }
        async with shared.api.stream(
            kind.path, idle_timeout=shared.timing.idle_timeout, **query
        ) as lines:
            opened_at = heard_at = shared.clock()
            position = self._known.position
            shared.contacts.opened(kind)
            try:
                async for line in lines:
                    heard_at = shared.clock()
                    self._take(line)
            finally:
                shared.contacts.ended(kind, heard_at)
                is_good = self._judge(opened_at, position)
        if not is_good:
            raise ApiUnreachable("the server ended the watch at once")

    def _judge(self, opened_at: float, position: str) -> bool:
        """Whether a stream that is over was worth opening: it lasted, or something came."""
        lasted = self._shared.clock() - opened_at
        is_good = lasted >= self._shared.timing.steady or self._known.position != position
        if is_good:
            self._failures = 0
        return is_good

    def _take(self, line: bytes) -> None:
        change = decode_line(line, self._kind.type)
        self._doubts = 0
        self._shared.outbox.put(self._known.take(change))

    async def _rest(self, verb: str, error: KubernetesError | None) -> None:
        """Wait before the next attempt."""
        shared = self._shared
        self._failures += 1
        if error is not None:
            shared.contacts.failed(self._kind, verb, error)
        patience = self._patience_left(error)
        if patience == 0.0 and self._can_be_done_without:
            shared.outbox.arrived(self._kind.address)
        seconds = pause_after(error, self._failures, shared.timing, shared.uniform)
        to_the_end = isinstance(error, ApiError) and error.retry_after is not None
        await shared.contacts.pause(min(seconds, patience or seconds), to_the_end=to_the_end)

    def _patience_left(self, error: KubernetesError | None) -> float:
        """Seconds until refusals are believed, if there is nothing else until then."""
        if not is_refused(error):
            self._refused_since = None
            return math.inf
        now = self._shared.clock()
        if self._refused_since is None:
            self._refused_since = now
        return max(0.0, self._refused_since + self._shared.timing.patience - now)

    @property
    def _can_be_done_without(self) -> bool:
        """Whether it may not hold up the rest. What was read once, in a source before this one, is
        being served: to do without it would take that away."""
        return self._kind.is_optional and self._kind.address not in self._shared.read
