"""One connection to a pod: writes a request, parses the answer, hands it to an exchange.

The head and chunked bodies go through llhttp (httptools); the bytes of a body with a known length,
or of one that ends with the connection, are only counted.
"""

from __future__ import annotations

import asyncio
import logging
import select
from typing import Protocol, cast

import httptools

from ingressd.proxy.clock import NEVER, Clock
from ingressd.proxy.response_head import Framing, MalformedResponse, ResponseHead, read_head
from ingressd.proxy.upstream.receiver import Failure, Receiver
from ingressd.proxy.upstream.recent_head import NO_HEAD, RecentHead

logger = logging.getLogger(__name__)

MAX_HEAD = 64 * 1024
"""Bytes of a response head (and of a trailer section) that a pod may send."""

MAX_INTERIM = 16
"""1xx answers that a pod may send before the real one."""

CLOSE_TIMEOUT = 10.0
"""Seconds a closing connection has for what is still to be sent; then it is cut."""

IDLE, HEAD, CHUNKED, COUNTED, UNTIL_CLOSE, TUNNEL, CLOSED = range(7)
_PARSED = (HEAD, CHUNKED)


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
        "_ended",
        "_head",
        "_headers",
        "_idle_limit",
        "_interim",
        "_keeper",
        "_left",
        "_parser",
        "_parser_free",
        "_reason",
        "_recent",
        "_reusable",
        "_unparsed",
        "deadline",
        "exchange",
        "owes_body",
        "phase",
        "read_paused",
        "transport",
        "write_paused",
    )

    def __init__(self, clock: Clock, idle_limit: float, keeper: Keeper) -> None:
        self._clock = clock
        self._idle_limit = idle_limit
        self._keeper = keeper
        self._blame = Failure.TIMEOUT
        self._parser: httptools.HttpResponseParser | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._unparsed = self._interim = self._left = 0
        self._reason = b""
        self._head = NO_HEAD
        self._recent = RecentHead()
        self._reusable = self._ended = self._parser_free = self.owes_body = False
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
        self.phase = HEAD
        self._headers = []
        self._unparsed = self._interim = 0
        self._ended = False
        self.arm(exchange.read_timeout)
        self.write(data)

    def arm(self, seconds: float, blame: Failure = Failure.TIMEOUT) -> None:
        """Fail with ``blame`` when nothing moves the deadline within ``seconds``."""
        self.deadline = self._clock.now + seconds
        self._blame = blame

    def has_news(self) -> bool:
        """Whether the kernel holds bytes, or the end, of which the event loop has not told yet."""
        if self.transport is None:
            return True
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))

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
        self.deadline = self._clock.now + self._idle_limit
        self._clock.watch(self)

    def data_received(self, data: bytes) -> None:
        """Bytes of the answer; on an idle connection they can only be an attack or a bug."""
        exchange = self.exchange
        if exchange is None:
            self.abort()
            return
        phase = self.phase
        self.arm(exchange.tunnel_timeout if phase == TUNNEL else exchange.read_timeout)
        if phase in _PARSED:
            self._read(exchange, data)
            return
        if phase == COUNTED:
            self._count(exchange, data)
            return
        exchange.on_body(data)
        exchange.on_flush()

    def eof_received(self) -> None:
        """The pod closes: that ends a close-delimited body, and cuts any other."""
        if self.exchange is None:
            if self.phase == IDLE:
                self._keeper.beware()
            self.phase = CLOSED  # before connection_lost comes, another request could take it
        elif self.phase == UNTIL_CLOSE:
            self._reusable = False
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what was under way, and be forgotten."""
        answered = self._unparsed or self._interim
        if self.phase == IDLE or self.exchange is not None:
            self._keeper.beware()
        self.phase = CLOSED
        self._parser = None
        self._clock.unwatch(self)
        self._keeper.forget(self)
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.on_failure(Failure.CUT if answered else Failure.CLOSED)

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
        else:
            self._fail(self._blame)

    # --- parsing ---

    def _read(self, exchange: Receiver, data: bytes) -> None:
        is_first = self.phase == HEAD and not (self._unparsed or self._interim or exchange.is_head)
        rest = self._recent.rest_of(data) if is_first else None
        if rest is not None:
            self._reusable = True
            self._begin_body(exchange, self._recent.head)
            self._count(exchange, rest)
        else:
            self._feed(exchange, data, is_first)

    def _feed(self, exchange: Receiver, data: bytes, is_first: bool) -> None:
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)
        self._unparsed += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._tunnel(exchange, data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            _log_bug(error)
            if not self._ended:
                self._fail(Failure.MALFORMED)
                return
            self._reusable = False  # bytes after the end: the connection cannot be trusted
        if is_first and self.phase == COUNTED and self._reusable:
            self._recent.learn(data, self._head, self._left)
        if self._ended:
            self._end()
        elif self._unparsed > MAX_HEAD and self.phase in _PARSED:
            self._fail(Failure.MALFORMED)
        elif self.exchange is not None:
            exchange.on_flush()

    def on_status(self, reason: bytes) -> None:
        """The reason phrase, possibly in pieces (httptools)."""
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field of the head, or of the trailer section (httptools)."""
        self._headers.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """Decide how the body is framed (httptools)."""
        exchange, parser = self.exchange, self._parser
        assert exchange is not None and parser is not None
        status = parser.get_status_code()
        if status < 100:
            raise MalformedResponse("impossible status")
        if status < 200:
            self._interim_head(exchange, status)
            return
        self._check_size()
        head = read_head(status, self._reason, self._headers, exchange.is_head)
        self._headers = []
        self._unparsed = 0
        self._reusable = parser.should_keep_alive()
        self._head = head
        self._begin_body(exchange, head)

    def _begin_body(self, exchange: Receiver, head: ResponseHead) -> None:
        self._left = head.length if head.framing == Framing.LENGTH else 0
        self.phase = _PHASES[head.framing]
        self._ended = head.framing == Framing.NONE or head.length == 0
        exchange.on_head(head)

    def _interim_head(self, exchange: Receiver, status: int) -> None:
        parser = self._parser
        assert parser is not None
        if status == 101:
            if not (exchange.wants_upgrade and parser.should_upgrade()):
                raise MalformedResponse("101 that nobody asked for")
            return
        self._interim += 1
        if self._interim > MAX_INTERIM:
            raise MalformedResponse("too many interim answers")
        self._headers = []
        self._unparsed = 0

    def on_body(self, data: bytes) -> None:
        """A piece of the body (httptools)."""
        exchange = self.exchange
        if self._ended or exchange is None:
            self._reusable = False
            return
        if self.phase == COUNTED:
            self._left -= len(data)
            self._ended = self._left == 0
        self._unparsed = 0
        exchange.on_body(data)

    def _check_size(self) -> None:
        """Refuse a head, or a trailer section, that is too large but came in one piece."""
        if self._unparsed > MAX_HEAD:
            size = sum(len(name) + len(value) for name, value in self._headers)
            if size > MAX_HEAD:
                raise MalformedResponse("header or trailer fields too large")

    def on_message_complete(self) -> None:
        """The end, as llhttp sees it (httptools): from here it can parse a next message."""
        self._parser_free = True
        if self.phase == CHUNKED:
            self._check_size()
            self._ended = True

    def on_message_begin(self) -> None:
        """A second final answer to one request must not be read as that of the next (httptools)."""
        if self._ended:
            raise MalformedResponse("bytes after the end of the response")
        self._parser_free = False
        self._reason = b""

    def _count(self, exchange: Receiver, data: bytes | memoryview) -> None:
        left = self._left - len(data)
        if left < 0:
            self._reusable = False
            data = data[:left]
        self._left = left
        exchange.on_body(data)
        if left <= 0:
            self._end()
        else:
            exchange.on_flush()

    def _tunnel(self, exchange: Receiver, rest: bytes) -> None:
        head = read_head(101, self._reason, self._headers, is_head=False)
        protocol = next(value for name, value in self._headers if name.lower() == b"upgrade")
        self.phase = TUNNEL
        self._parser = None
        self.arm(exchange.tunnel_timeout)
        exchange.on_switch(head, protocol)
        if rest:
            exchange.on_body(rest)
        exchange.on_flush()

    # --- ends ---

    def _end(self) -> None:
        exchange, self.exchange = self.exchange, None
        assert exchange is not None
        trailers, self._headers = self._headers, []
        if not self._parser_free:
            self._parser = None  # it still waits for bytes we counted, or that HEAD never brings
        self.phase = IDLE
        self.deadline = self._clock.now + self._idle_limit
        self.resume()
        if self.owes_body:
            self.abort()  # the pod would take the next request for the rest of this one's body
        elif self._reusable:
            self._keeper.keep(self)
        else:
            self._keeper.beware()
            self.close()
        exchange.on_end(trailers)  # at last: the next exchange may begin within

    def _fail(self, failure: Failure) -> None:
        exchange = self.exchange
        self.abort()
        if exchange is not None:
            exchange.on_failure(failure)


def _log_bug(error: httptools.HttpParserError) -> None:
    """httptools wraps what a callback raises: only MalformedResponse is the pod's fault."""
    cause = error.__context__
    if cause is not None and not isinstance(cause, MalformedResponse):
        logger.error("a response could not be handled", exc_info=cause)


_PHASES = {
    Framing.NONE: HEAD,
    Framing.LENGTH: COUNTED,
    Framing.CHUNKED: CHUNKED,
    Framing.UNTIL_CLOSE: UNTIL_CLOSE,
}
