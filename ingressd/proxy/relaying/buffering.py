"""Answers that are taken from the pod ahead of a slow client (nginx's ``proxy_buffering``).

The pod is then free for other work, however long its answer takes to be read. What a client is fast
enough for does not wait here.
"""

from __future__ import annotations

import logging

from msgspec import Struct

from ingressd.proxy.bodies.temporary_files import TemporaryFiles
from ingressd.proxy.bodies.waiting_answer import WaitingAnswer
from ingressd.proxy.client.request import Request
from ingressd.proxy.clock import NEVER, Clock
from ingressd.proxy.relaying.exchange import CLIENT_WRITE_TIMEOUT, WhenDone
from ingressd.proxy.relaying.holding import HoldingExchange
from ingressd.proxy.upstream.connection import UpstreamConnection
from ingressd.proxy.upstream.response_head import ResponseHead
from ingressd.routing.policy import Buffering, Timeouts

_LOG = logging.getLogger(__name__)


class Storage(Struct, frozen=True):
    """How much may wait, where, and by which clock."""

    buffering: Buffering
    files: TemporaryFiles
    clock: Clock


class BufferedExchange(HoldingExchange):
    """An exchange whose pod need not wait for the client, unless it asks to. Until ``deadline`` the
    client has to read something."""

    __slots__ = ("_may_wait", "_storage", "_waiting")

    def __init__(
        self,
        storage: Storage,
        request: Request,
        connection: UpstreamConnection,
        timeouts: Timeouts,
        when_done: WhenDone,
    ) -> None:
        super().__init__(request, connection, timeouts, when_done)
        self._may_wait = True
        self._storage = storage
        self._waiting: WaitingAnswer | None = None

    def expire(self) -> None:
        """The client has been too slow for long (the clock); it is cut if it has read nothing."""
        if self._reads_on():
            self._give_time()
            return
        self.deadline = NEVER
        self._client.abort()

    def on_head(self, head: ResponseHead) -> None:
        """A pod may ask that nothing of its answer waits here (nginx ``X-Accel-Buffering``)."""
        self._may_wait = head.buffering.lower() != b"no"
        super().on_head(head)

    def on_client_full(self) -> None:
        """From here on what comes waits."""
        if self._is_upgraded or not self._may_wait:
            super().on_client_full()
        elif self._waiting is None:
            self._waiting = WaitingAnswer(self._storage.buffering, self._storage.files)
            self._storage.clock.watch(self)
            self._reads_on()
            self._give_time()

    def on_client_writable(self) -> None:
        """Send what waits, as far as the client takes it."""
        if self._waiting is None:
            super().on_client_writable()
            return
        self._give_time()
        try:
            self._send(self._waiting)
        except OSError:
            _LOG.exception("an answer could not be read back")
            self._client.abort()

    def _give_time(self) -> None:
        self.deadline = self._storage.clock.now + CLIENT_WRITE_TIMEOUT

    def _write_out(self, last: bytes) -> None:
        if self._waiting is None:
            super()._write_out(last)
            return
        self._waiting.put(b"".join(self._pieces(last)))
        if self._waiting.is_full and self._is_current and not self._connection.read_paused:
            self._connection.pause()
            self._connection.arm(NEVER)  # it is not the pod that takes so long

    def _send(self, waiting: WaitingAnswer) -> None:
        transport = self._client.transport
        while waiting and transport is not None and not self._client.writing_paused:
            data = waiting.take()
            self.request.bytes_sent += len(data)
            transport.write(data)
        if self._is_current and self._connection.read_paused and not waiting.is_full:
            super().on_client_writable()
        if not waiting:
            self._drop()
            if self._is_over:
                self._finish(None)

    def _drop(self) -> None:
        if self._waiting is not None:
            self._waiting.close()
            self._waiting = None
            self._storage.clock.unwatch(self)

    def _is_holding(self) -> bool:
        return bool(self._waiting)
