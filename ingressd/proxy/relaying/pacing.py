"""Answers that are sent no faster than a policy allows (nginx's ``limit_rate``).

What may not be sent yet waits here, and so does the pod: no more than one read of its connection is
held. The clock of the worker sends what has become due.
"""

from __future__ import annotations

from msgspec import Struct

from ingressd.proxy.client.request import Request
from ingressd.proxy.clock import NEVER, Clock
from ingressd.proxy.relaying.exchange import CLIENT_WRITE_TIMEOUT, WhenDone
from ingressd.proxy.relaying.holding import HoldingExchange
from ingressd.proxy.upstream.connection import UpstreamConnection
from ingressd.proxy.upstream.receiver import Failure
from ingressd.routing.policy import Bandwidth, Timeouts


class Pace(Struct, frozen=True):
    """How fast, and by which clock."""

    bandwidth: Bandwidth
    clock: Clock

    def due(self, since: float) -> int:
        """Bytes of an answer that may have been sent by now, if it began at ``since``; those of
        its first second at once."""
        elapsed = self.clock.now - since
        return self.bandwidth.after + int(self.bandwidth.rate * (elapsed + 1))


class PacedExchange(HoldingExchange):
    """An exchange that holds the answer back."""

    __slots__ = ("_held", "_moved", "_pace", "_sent", "_since")

    def __init__(
        self,
        pace: Pace,
        request: Request,
        connection: UpstreamConnection,
        timeouts: Timeouts,
        when_done: WhenDone,
    ) -> None:
        super().__init__(request, connection, timeouts, when_done)
        self._pace = pace
        self._held = bytearray()
        self._since = self._moved = NEVER
        self._sent = 0

    def expire(self) -> None:
        """Send what has become due (the clock calls this at each of its ticks)."""
        now = self._pace.clock.now
        if self._client.writing_paused:
            if now - self._moved >= CLIENT_WRITE_TIMEOUT:
                self._cut_or_wait(now)
            return
        self._moved = now
        self._send_due()
        if not self._held:
            self._catch_up()
        elif self._is_current:
            self._connection.arm(self.read_timeout)  # it is not the pod that takes so long

    def on_client_full(self) -> None:
        """The client reads slowly; while something is held, the clock looks after it."""
        if self._held:
            self._reads_on()
        else:
            super().on_client_full()

    def on_client_writable(self) -> None:
        """The client has caught up, if not with what is held."""
        if not self._held:
            super().on_client_writable()

    def _write_out(self, last: bytes) -> None:
        if self._is_upgraded:
            super()._write_out(last)
            return
        self._held += b"".join(self._pieces(last))
        if self._since == NEVER:
            self._since = self._moved = self._pace.clock.now
        self._send_due()
        if self._held:
            self._hold_back()

    def _send_due(self) -> None:
        transport = self._client.transport
        due = self._pace.due(self._since) - self._sent
        if transport is None or due <= 0 or not self._held:
            return
        piece = bytes(self._held[:due])
        del self._held[:due]
        self._sent += len(piece)
        self.started = True
        self.request.bytes_sent += len(piece)
        transport.write(piece)

    def _hold_back(self) -> None:
        self.deadline = 0.0
        self._pace.clock.watch(self)
        if self._is_current and not self._connection.read_paused:
            self._connection.pause()

    def _catch_up(self) -> None:
        """Everything is sent: the pod may go on, unless the client is slower still."""
        self._drop()
        if self._is_over:
            self._finish(None)
        elif not self._client.writing_paused:
            super().on_client_writable()
        elif self._is_current:
            self._connection.arm(CLIENT_WRITE_TIMEOUT, Failure.CLIENT_STALLED)

    def _cut_or_wait(self, now: float) -> None:
        if self._reads_on():
            self._moved = now
        else:
            self._client.abort()

    def _drop(self) -> None:
        self._held.clear()
        self._pace.clock.unwatch(self)

    def _is_holding(self) -> bool:
        return bool(self._held)
