"""The reading half of a client's connection: aiohttp's parser, and what it leaves undone.

It bounds no head as a whole, no chunk extension and no time, takes other protocols for HTTP, loses
what follows an Upgrade, and goes on after an error.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from aiohttp import EMPTY_PAYLOAD, StreamReader
from aiohttp.http import RawRequestMessage
from aiohttp.web_protocol import RequestHandler, RequestPayloadError, _ErrInfo

from ingressd.proxy.client.chunks import END, ChunkedBody
from ingressd.proxy.client.refusals import begins_as_http, head_size, is_foreign
from ingressd.proxy.client.request import BadRequest, Request
from ingressd.proxy.client.sink import Sink
from ingressd.proxy.clock import NEVER, Clock
from ingressd.routing.global_policy import GlobalPolicy


class Parsers(Protocol):
    """Where a connection gets its clock, its policy and its parsers from."""

    clock: Clock
    loop: asyncio.AbstractEventLoop
    global_policy: GlobalPolicy

    def parser(self, connection: Any) -> Any:
        """A parser like the one that aiohttp makes for a new connection."""
        ...


class Intake(RequestHandler):
    """Parses what a client sends into the queue of messages; ``deadline`` is the clock's.

    ``limits`` are those that held when the connection began.
    """

    __slots__ = (
        "_body",
        "_chunked",
        "_clock",
        "_first_line",
        "_head_size",
        "_head_tail",
        "_parsers",
        "deadline",
        "limits",
        "request",
    )

    def __init__(self, parsers: Parsers, **settings: Any) -> None:
        super().__init__(parsers, loop=parsers.loop, **settings)  # type: ignore[arg-type]
        self.deadline = NEVER
        self.request: Request | None = None
        self._body: StreamReader | None = None
        self._chunked: ChunkedBody | None = None
        self._clock = parsers.clock
        self._first_line = b""
        self._head_size = 0
        self._head_tail = b""
        self._parsers = parsers
        self.limits = parsers.global_policy.limits

    @property
    def _is_free(self) -> bool:
        """Whether the next request may be begun."""
        raise NotImplementedError

    def _go_on(self) -> None:
        """Answer what has come."""
        raise NotImplementedError

    def _parse(self, data: bytes) -> None:
        count = self._request_count
        super().data_received(data)
        if self._request_count != count:
            self._inspect(self._request_count - count, data)
        elif self._chunked is not None:
            self._follow_chunks(self._chunked, data)
        elif self._body is None:
            self._grow_head(data)
        elif self._body.is_eof():
            self._body = None

    def _inspect(self, new: int, data: bytes) -> None:
        """Look at the messages that have just been parsed from ``data``.

        A parse error inside a body is queued as a message of its own: the body must fail too. And
        the parser keeps the last trailer of a chunked body for the head that follows, which would
        let one client write header fields of another's request behind a shared load balancer. So
        a request parsed together with such a body, or begun there, is dropped and the connection
        closed after the answer; else the next head gets a fresh parser.
        """
        for position in range(-new, 0):
            message, body = self._messages[position]
            if isinstance(message, _ErrInfo):
                self._fail_body_before(position)
                self._swallow()
            elif self._chunked is not None:
                self._drop(position)
                self.close()
                break
            elif status := self._objection(message, data, is_alone=new == 1):
                self._replace(position, status)
                break
            elif message.upgrade and not self._upgraded:
                self._decline_upgrade(self._behind_head(data) if new == 1 else None)
                break
            else:
                self._body = None if body is EMPTY_PAYLOAD or body.is_eof() else body
                if message.chunked:
                    self._chunked = ChunkedBody(body, begins=new == 1)
                    data = self._behind_head(data) if new == 1 else b""
        if self._chunked is not None:
            self._follow_chunks(self._chunked, data)
        if self._head_size:
            self._head_size = 0
            self._first_line = self._head_tail = b""

    def _objection(self, message: RawRequestMessage, data: bytes, *, is_alone: bool) -> int:
        """The status for a head that was parsed and is refused all the same, 0 for any other."""
        is_long = self._head_size + len(data) > self.limits.head
        if is_long and head_size(message) > self.limits.head:
            return 431
        received = self._first_line + data
        if is_alone and begins_as_http(message, received):
            return 0
        return 400 if is_foreign(message, received) else 0

    def _follow_chunks(self, chunked: ChunkedBody, data: bytes) -> None:
        body = chunked.reader
        if chunked.exceeds(data):
            self._refuse_body(body)
        elif body.is_eof():
            self._chunked = self._body = None
            is_all = data.endswith(END) or END.endswith(data)
            if is_all and not self._buffer_paused:  # else the old parser holds something back
                self._parser = self._parsers.parser(self)
            else:
                self.close()

    def _behind_head(self, data: bytes) -> bytes:
        """What follows the first head that ends within ``data``."""
        return (self._head_tail + data).lstrip(b"\r\n").partition(END)[2]

    def _decline_upgrade(self, rest: bytes | None) -> None:
        """The parser has stopped behind a request for a protocol that is not served.

        What follows would be lost, or is not HTTP: the request is refused if anything does.
        """
        _, body = self._messages[-1]
        if body is not EMPTY_PAYLOAD:
            self._body = None if body.is_eof() else body  # Request.keep_alive is False with it
        elif rest == b"":
            self._parser = self._parsers.parser(self)
        else:
            self._replace(-1, 400)

    def _grow_head(self, data: bytes) -> None:
        """More of a head has come, but not its end."""
        if self._upgraded or self._buffer_paused:
            return
        if not self._head_size:
            self.deadline = self._clock.now + self.limits.head_timeout
            # aiohttp's own timer would take the connection for an idle one.
            self._next_keepalive_close_time = self.deadline + self._keepalive_timeout
        if b"\n" not in self._first_line:
            self._first_line = (self._first_line + data).lstrip(b"\r\n")
        self._head_size += len(data)
        self._head_tail = (self._head_tail + data)[-3:]
        if self._head_size > self.limits.head:
            self._refuse(431)

    @property
    def _is_refused(self) -> bool:
        """Whether nothing more is parsed."""
        return isinstance(self._payload_parser, Sink)

    def _refuse(self, status: int) -> None:
        """Answer with an error, after what is due already, and read no more."""
        self._request_count += 1
        self._messages.append((_ErrInfo(status, BadRequest(status, "refused"), ""), EMPTY_PAYLOAD))
        self._swallow()
        self.deadline = NEVER
        self._go_on()

    def _refuse_body(self, body: StreamReader) -> None:
        """Refuse the request with this body; if a pod has got a part of it, cut that short."""
        if self._messages and self._messages[-1][1] is body:
            self._replace(-1, 400)
        else:
            self._fail_body(body)
            self._swallow()

    def _replace(self, position: int, status: int) -> None:
        """Refuse the request at this position of the queue, and forget what follows it."""
        self._drop(position)
        self._body = self._chunked = None
        self._refuse(status)

    def _drop(self, position: int) -> None:
        for _ in range(-position):
            self._messages.pop()

    def _swallow(self) -> None:
        """From here on nothing that comes is parsed (RFC 9112 section 2.2)."""
        if self._payload_parser is None:
            self._payload_parser = Sink(self.force_close)
            if self.transport is not None and not self.transport.is_closing():
                self.transport.resume_reading()

    def _fail_body_before(self, position: int) -> None:
        if -position < len(self._messages):
            self._fail_body(self._messages[position - 1][1])
        elif self.request is not None:
            self._fail_body(self.request.payload)

    def _fail_body(self, body: StreamReader) -> None:
        if not body.is_eof():
            error = RequestPayloadError("malformed or incomplete body")
            body.set_exception(error)
            # Again, for a reader whom the end of a chunk has just woken: finding nothing, it will
            # sleep on without a look at the error.
            self._parsers.loop.call_soon(body.set_exception, error)
