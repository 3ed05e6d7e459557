"""The reading half of a client's connection: aiohttp's parser, and what it leaves undone.

It bounds no head as a whole, no chunk extension and no time, takes other protocols for HTTP, loses
what follows an Upgrade and what came together with an error, and goes on after it.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from aiohttp import EMPTY_PAYLOAD, StreamReader
from aiohttp.http import RawRequestMessage
from aiohttp.web_protocol import RequestHandler, RequestPayloadError, _ErrInfo

from ingressd.proxy.client.chunks import END, ChunkedBody, is_whole, sections
from ingressd.proxy.client.refusals import begins_well, head_size, is_plain
from ingressd.proxy.client.request import BadRequest, Request
from ingressd.proxy.client.sink import Sink
from ingressd.proxy.clock import NEVER, Clock
from ingressd.proxy.headers import Split
from ingressd.routing.global_policy import GlobalPolicy

_NO_HEAD = (b"", b"\r", b"\n", b"\r\n")
"""An empty line before a head may be one behind the body before it (RFC 9112 section 2.2)."""


class Parsers(Protocol):
    """Where a connection gets its clock, its policy and its parsers from."""

    clock: Clock
    loop: asyncio.AbstractEventLoop
    global_policy: GlobalPolicy
    split: Split

    def parser(self, connection: Any) -> Any:
        """A parser like the one that aiohttp makes for a new connection."""
        ...


class Intake(RequestHandler):
    """Parses what a client sends into the queue of messages; ``deadline`` is the clock's.

    ``limits`` and ``split`` are those that held when the connection began.
    """

    __slots__ = (
        "_body",
        "_chunked",
        "_clock",
        "_head_size",
        "_held",
        "_is_rereading",
        "_parsers",
        "deadline",
        "limits",
        "request",
        "split",
    )

    def __init__(self, parsers: Parsers, **settings: Any) -> None:
        super().__init__(parsers, loop=parsers.loop, **settings)  # type: ignore[arg-type]
        self.deadline = NEVER
        self.request: Request | None = None
        self._body: StreamReader | None = None
        self._chunked: ChunkedBody | None = None
        self._clock = parsers.clock
        self._head_size = 0
        self._held = bytearray()  # what came behind the last message
        self._is_rereading = False
        self._parsers = parsers
        self.limits = parsers.global_policy.limits
        self.split = parsers.split

    @property
    def _is_free(self) -> bool:
        """Whether the next request may be begun."""
        raise NotImplementedError

    def _go_on(self) -> None:
        """Answer what has come."""
        raise NotImplementedError

    def _parse(self, data: bytes) -> None:
        count, body = self._request_count, self._body
        size = 0 if body is None else body.total_bytes
        RequestHandler.data_received(self, data)  # cheaper than super()
        if body is None and self._request_count == count + 1 and self._came_alone(data):
            return
        grown = 0 if body is None else body.total_bytes - size
        if self._request_count != count:
            self._inspect(self._request_count - count, data, grown)
        elif self._chunked is not None:
            self._follow_chunks(self._chunked, data)
        elif body is None:
            self._grow_head(data)
        else:
            self._follow_body(body, data, grown)

    def _came_alone(self, data: bytes) -> bool:
        """Whether these bytes are beyond doubt one good head and nothing else, as most are."""
        message, body = self._messages[-1]
        return (
            body is EMPTY_PAYLOAD
            and not isinstance(message, _ErrInfo)
            and not (message.upgrade or self._held or self._chunked)
            and len(data) <= self.limits.head
            and data.find(END) == len(data) - len(END)
            and is_plain(message, data, 0)
        )

    def _inspect(self, new: int, data: bytes, at: int) -> None:
        """Look at the messages that have just been parsed from what was held and ``data``.

        The first begins at ``at``; before that the body of an earlier one ends.

        A parse error inside a body is queued as a message of its own: the body must fail too. And
        the parser keeps the last trailer of a chunked body for the head that follows, which would
        let one client write header fields of another's request behind a shared load balancer. So
        a request parsed together with such a body, or begun there, is dropped and the connection
        closed after the answer; else the next head gets a fresh parser.
        """
        self._end_head()
        received = data
        if self._held:
            received = bytes(self._held) + data
            self._held.clear()
        for position in range(-new, 0):
            message, body = self._messages[position]
            if isinstance(message, _ErrInfo):
                if self._may_hide_requests(received, at):
                    self._reread(received[at:])
                    return
                self._fail_body_before(position)
                self._swallow()
            elif self._chunked is not None:
                self._drop(position)
                self.close()
                at = len(received)
                break
            elif status := self._objection(message, received, at):
                self._replace(position, status)
                break
            else:
                at = self._accept(message, body, received, at)
        if self._chunked is not None:
            self._follow_chunks(self._chunked, received[at:])
        elif at < len(received) and not self._upgraded:
            self._held += received[at:]
            self._expect_head()

    def _end_head(self) -> None:
        """A head has come whole. Its time must not run on beside the answer to an earlier one."""
        if self._head_size:
            self._head_size = 0
            if not self._is_free:
                self.deadline = NEVER

    def _may_hide_requests(self, received: bytes, at: int) -> bool:
        """Whether a parser that has raised may have taken good requests along, which it forgets."""
        return END in received[at:-1] and self._chunked is None and not self._is_rereading

    def _reread(self, received: bytes) -> None:
        """Parse once more what did not parse as a whole, so that what is good of it is answered."""
        self._drop(-1)
        self._body = None
        self._parser = self._parsers.parser(self)
        self._is_rereading = True
        for section in sections(received):
            if not self.is_refused:
                self._parse(section)
        self._is_rereading = False

    def _objection(self, message: RawRequestMessage, received: bytes, at: int) -> int:
        """The status for a head that was parsed and is refused all the same, 0 for any other."""
        is_long = len(received) - at > self.limits.head
        if is_long and head_size(message) > self.limits.head:
            return 431
        return 0 if begins_well(message, received, at) else 400

    def _accept(
        self, message: RawRequestMessage, body: StreamReader, received: bytes, at: int
    ) -> int:
        """Follow a message that begins at ``at``; returns where the next does, or its chunks."""
        at = received.find(END, at) + len(END)
        if message.upgrade and body is EMPTY_PAYLOAD and not self._upgraded:
            self._decline_upgrade(received[at:])
            return len(received)
        self._body = None if body is EMPTY_PAYLOAD or body.is_eof() else body
        if message.chunked:
            self._chunked = ChunkedBody(body, begins=True)
            return at
        return at + body.total_bytes

    def _follow_body(self, body: StreamReader, data: bytes, grown: int) -> None:
        """So many bytes of what was held and ``data`` belong to this body.

        The others are those of the next message, or the parser was paused.
        """
        if body.is_eof():
            self._body = None
        if self._held or grown != len(data):
            self._held += data
            del self._held[:grown]
            self._expect_head()

    def _follow_chunks(self, chunked: ChunkedBody, data: bytes) -> None:
        body = chunked.reader
        if chunked.exceeds(data):
            self._refuse_body(body)
        elif body.is_eof():
            self._chunked = self._body = None
            if is_whole(data) and not self._buffer_paused:  # else the parser holds something back
                self._parser = self._parsers.parser(self)
            else:
                self.close()

    def _decline_upgrade(self, rest: bytes) -> None:
        """The parser has stopped behind a request for a protocol that is not served.

        What follows would be lost, or is not HTTP: the request is refused if anything does. One
        with a body is the last in any case (Request.keep_alive).
        """
        if rest:
            self._replace(-1, 400)
        else:
            self._parser = self._parsers.parser(self)

    def _grow_head(self, data: bytes) -> None:
        """More of a head has come, but not its end."""
        if self._upgraded:
            return
        self._held += data
        if self._buffer_paused:
            return
        if not self._head_size:
            self._expect_head()
        else:
            self._head_size = len(self._held)
        if self._head_size > self.limits.head:
            self._refuse(431)

    def _expect_head(self) -> None:
        """What is held may begin a head: from now on, or from the answer before it, its time runs.

        aiohttp hands over nothing at all when a body has been read.
        """
        if self._body is not None or self._held in _NO_HEAD:
            return
        self._head_size = len(self._held)
        self.deadline = self._clock.now + self.limits.head_timeout
        # aiohttp's own timer would take the connection for an idle one.
        self._next_keepalive_close_time = self.deadline + self._keepalive_timeout

    @property
    def idle_for(self) -> float:
        """Seconds since its last answer, of a connection that waits for its next request."""
        if not self._request_count:
            return 0.0
        return self._clock.now - (self._next_keepalive_close_time - self._keepalive_timeout)

    @property
    def is_refused(self) -> bool:
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
        self._request_count += position
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
            body = self._messages[position - 1][1]
            if self._is_rereading and not body.is_eof():
                del self._messages[position - 1]  # malformed, and nobody has any of it yet
                self._request_count -= 1
                self._body = self._chunked = None
            self._fail_body(body)
        elif self.request is not None:
            self._fail_body(self.request.payload)

    def _fail_body(self, body: StreamReader) -> None:
        if not body.is_eof():
            error = RequestPayloadError("malformed or incomplete body")
            body.set_exception(error)
            # Again, for a reader whom the end of a chunk has just woken: finding nothing, it will
            # sleep on without a look at the error.
            self._parsers.loop.call_soon(body.set_exception, error)
