"""One connection to a pod: writes a request, reads the answer, hands it to an exchange."""

from __future__ import annotations

import asyncio
import os
import select
from contextlib import suppress
from typing import Protocol, cast

from ingressd.proxy.clock import NEVER, Clock
from ingressd.proxy.upstream.answer_reader import MALFORMED, MORE, SWITCHED, WHOLE, AnswerReader
from ingressd.proxy.upstream.discarded import DISCARD_UP_TO, Discarded
from ingressd.proxy.upstream.receiver import Failure, Receiver
from ingressd.routing.global_policy import UpstreamKeepAlive

CLOSE_TIMEOUT = 10.0
"""Seconds a closing connection has for what is still to be sent; then it is cut."""

READ_SIZE = 64 * 1024

IDLE, BUSY, TUNNEL, CLOSED = range(4)


class Keeper(Protocol):
    """Who owns a connection: :class:`ingressd.proxy.upstream.endpoints.PooledEndpoint`."""

    def keep(self, connection: UpstreamConnection) -> None:
        """It is free for another exchange."""

    def forget(self, connection: UpstreamConnection) -> None:
        """It is gone."""

    def beware(self) -> None:
        """The pod closes connections: it may be about to leave."""


class UpstreamConnection(asyncio.Protocol):
    """A connection to one endpoint, used for one exchange at a time."""

    __slots__ = (
        "_blame",
        "_clock",
        "_fileno",
        "_keeper",
        "_poll",
        "_reader",
        "_requests_left",
        "_worn_out_at",
        "deadline",
        "exchange",
        "owes_body",
        "phase",
        "read_paused",
        "transport",
        "write_paused",
    )

    def __init__(self, clock: Clock, keep_alive: UpstreamKeepAlive, keeper: Keeper) -> None:
        self._clock = clock
        self._keeper = keeper
        self._blame = Failure.TIMEOUT
        self._fileno = -1
        self._poll = select.poll()
        self._reader = AnswerReader(keep_alive.idle)
        self._requests_left = keep_alive.requests
        self._worn_out_at = clock.now + keep_alive.age
        self.owes_body = False
        self.exchange: Receiver | None = None
        self.transport: asyncio.Transport | None = None
        self.phase = IDLE
        self.deadline = NEVER
        self.read_paused = self.write_paused = False

    # --- what an exchange asks for ---

    def begin(self, exchange: Receiver, data: bytes, *, owes_body: bool = False) -> None:
        """Start an exchange with the serialised request head and the body as far as it is known.

        ``owes_body``: more of it follows. While that is so, no other request may follow this one.
        """
        self.exchange = exchange
        self.owes_body = owes_body
        self.phase = BUSY
        self._requests_left -= 1
        self._reader.begin(exchange)
        self.arm(exchange.read_timeout)
        self.write(data)

    def arm(self, seconds: float, blame: Failure = Failure.TIMEOUT) -> None:
        """Fail with ``blame`` when nothing moves the deadline within ``seconds``."""
        self.deadline = self._clock.now + seconds
        self._blame = blame

    @property
    def idle_for(self) -> float:
        """Seconds since the last answer."""
        return self._clock.now - (self.deadline - self._reader.may_idle)

    def has_news(self) -> bool:
        """Whether the kernel holds bytes, or the end, of which the event loop has not told yet."""
        return bool(self._poll.poll(0))

    def write(self, data: bytes) -> None:
        """Send more of the request body, or tunnelled bytes."""
        if self.transport is not None:
            self.transport.write(data)

    def pause(self) -> None:
        """Read no more until resume: the client is slower than the pod."""
        if self.transport is not None and self.phase != CLOSED:
            self.read_paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self.transport is not None and self.phase != CLOSED and self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    def wear_out(self) -> None:
        """Take no other request after the one that is about to begin, or under way."""
        self._requests_left = 0

    def discard(self, length: int) -> None:
        """Nobody wants the answer whose head has come; ``length`` is that of its body, or -1.

        One that is short is read to its end: then the connection stays good for another request.
        """
        if length > DISCARD_UP_TO or self._reader.ends_with_connection:
            self.abort()
            return
        self.exchange = discarded = Discarded(self.abort)
        self._reader.hand_over(discarded)
        self.arm(discarded.read_timeout)

    def abort(self) -> None:
        """Drop the connection at once; the pod sees a reset, never a clean end."""
        self.exchange = None
        self.phase = CLOSED
        if self.transport is not None:
            self.transport.abort()

    def finish(self) -> None:
        """Close; nobody waits for an answer."""
        self.exchange = None
        self.close()

    def close(self) -> None:
        """Close once everything written has gone out."""
        self.phase = CLOSED
        self.deadline = self._clock.now + CLOSE_TIMEOUT
        if self.transport is not None:
            self.transport.close()

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport and keep a deadline from now on."""
        self.transport = cast(asyncio.Transport, transport)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            self._poll.register(sock.fileno(), select.POLLIN)
            if transport.get_extra_info("sslcontext") is None:
                self._fileno = sock.fileno()
        self.deadline = self._clock.now + self._reader.may_idle
        self._clock.watch(self)

    def data_received(self, data: bytes) -> None:
        """Bytes of the answer; on an idle connection they can only be an attack or a bug."""
        exchange = self.exchange
        if exchange is None:
            self.abort()
            return
        if self.phase == TUNNEL:
            self.arm(exchange.tunnel_timeout)
            exchange.on_body(data)
            exchange.on_flush()
            return
        progress = self._reader.feed(exchange, data)
        if self.exchange is not exchange:  # by what it was told
            exchange = self.exchange
            if exchange is None:
                return
        if progress == WHOLE:
            self._end(exchange)
        elif progress == MORE:
            self.arm(exchange.read_timeout)
            exchange.on_flush()
        elif progress == MALFORMED:
            self._fail(Failure.MALFORMED)
        elif progress == SWITCHED:
            self.phase = TUNNEL
            self.arm(exchange.tunnel_timeout)
            self._reader.switch(exchange)
            exchange.on_flush()
        # else: a head that comes slowly has no longer than one that comes at once

    def eof_received(self) -> None:
        """The pod closes: that ends a close-delimited body, and cuts any other."""
        if self.exchange is None:
            if self.phase == IDLE:
                self._keeper.beware()
            self.phase = CLOSED  # before connection_lost comes, another request could take it
        elif self.phase == BUSY and self._reader.ends_with_connection:
            self._reader.is_reusable = False
            self._end(self.exchange)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what was under way, and be forgotten."""
        if exc is not None and self.phase == BUSY and not self.read_paused:
            self._hear_out()
        failure = Failure.CUT if self._reader.has_begun else Failure.CLOSED
        if self.phase == IDLE or self.exchange is not None:
            self._keeper.beware()
        self.phase = CLOSED
        self._reader.drop()
        self._clock.unwatch(self)
        self._keeper.forget(self)
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.on_failure(failure)

    def pause_writing(self) -> None:
        """The send buffer is full."""
        self.write_paused = True
        if self.exchange is not None:
            self.exchange.on_full()

    def resume_writing(self) -> None:
        """The send buffer has drained."""
        self.write_paused = False
        if self.exchange is not None:
            self.exchange.on_writable()

    def expire(self) -> None:
        """An idle connection has idled long enough; a busy or a closing one has timed out."""
        if self.phase == IDLE:
            self.close()
        elif self.exchange is None:
            self.abort()
        elif not self.exchange.outlasts(self._blame):
            self._fail(self._blame)

    # --- ends ---

    def _hear_out(self) -> None:
        """Read what the pod sent before it reset the connection.

        A pod that has heard enough of a request answers and closes. A write that meets the reset
        makes the event loop give up the connection, though the kernel still holds the answer. With
        TLS we could not read that.
        """
        if self._fileno < 0:
            return
        self.owes_body = True  # no other request may follow
        with suppress(OSError):
            while self.exchange is not None and (data := os.read(self._fileno, READ_SIZE)):
                self.data_received(data)

    def _end(self, exchange: Receiver) -> None:
        self.exchange = None
        trailers = self._reader.end()
        self.phase = IDLE
        now = self._clock.now
        self.deadline = now + self._reader.may_idle
        if self.read_paused:
            self.resume()
        if self.owes_body:
            self.abort()  # the pod would take the next request for the rest of this one's body
        elif not self._reader.is_reusable:
            self._keeper.beware()
            self.close()
        elif self._requests_left > 0 and now < self._worn_out_at:
            self._keeper.keep(self)
        else:
            self.close()
        exchange.on_end(trailers)  # at last: the next exchange may begin within

    def _fail(self, failure: Failure) -> None:
        exchange = self.exchange
        self.abort()
        if exchange is not None:
            exchange.on_failure(failure)
