"""What a pod's bytes mean: one answer after the other, read with no socket in sight.

The head and chunked bodies go through llhttp (httptools); the bytes of a body with a known length,
or of one that ends with the connection, are only counted.
"""

from __future__ import annotations

import logging

import httptools

from ingressd.proxy.upstream.receiver import Receiver
from ingressd.proxy.upstream.recent_head import NO_HEAD, RecentHead
from ingressd.proxy.upstream.response_head import (
    Framing,
    MalformedResponse,
    ResponseHead,
    check_reason,
    read_head,
)

_LOG = logging.getLogger(__name__)

MAX_HEAD = 64 * 1024
"""Bytes of a response head (and of a trailer section) that any pod may send."""

FIELD_EXTRA = len(b": \r\n")

PIECE_EXTRA = 256
"""Bytes of chunk sizes and extensions that any pod may send for each piece of a body; what is more
than that counts towards MAX_HEAD.
"""

MAX_INTERIM = 16
"""1xx answers that a pod may send before the real one."""


MORE, IN_HEAD, WHOLE, SWITCHED, MALFORMED = range(5)
"""What has become of an answer: more of it is to come, not even its head is complete, it is
complete, the bytes that follow it are another protocol's, or it must not be relayed. Plain numbers,
see Framing.
"""

VERSIONS = frozenset({"1.0", "1.1"})
FRAMING_FIELDS = frozenset({b"content-length", b"transfer-encoding"})
_FIRST = (b"H", b"")  # llhttp knows protocols of other names as well

HEAD, CHUNKED, COUNTED, UNTIL_CLOSE = range(4)
_PHASES = {
    Framing.NONE: HEAD,
    Framing.LENGTH: COUNTED,
    Framing.CHUNKED: CHUNKED,
    Framing.UNTIL_CLOSE: UNTIL_CLOSE,
}


class AnswerReader:
    """Reads the answers that come by one connection, and hands them to the exchange of each.

    ``is_reusable`` says of a complete answer whether another request may follow it, ``may_idle``
    within how many seconds. What a pod has once said of that holds for the whole connection.
    """

    __slots__ = (
        "_exchange",
        "_has_ended",
        "_head",
        "_headers",
        "_interim",
        "_is_parser_free",
        "_left",
        "_parser",
        "_phase",
        "_reason",
        "_recent",
        "_unparsed",
        "_unread",
        "is_reusable",
        "may_idle",
    )

    def __init__(self, idle_limit: float) -> None:
        self._exchange: Receiver | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._unparsed = self._interim = self._left = 0
        self._reason = self._unread = b""
        self._head = NO_HEAD
        self._recent = RecentHead()
        self._phase = HEAD
        self._has_ended = self._is_parser_free = False
        self.is_reusable = False
        self.may_idle = idle_limit

    def begin(self, exchange: Receiver) -> None:
        """The next answer is for ``exchange``."""
        self._exchange = exchange
        self._phase = HEAD
        self._headers = []
        self._unparsed = self._interim = 0
        self._has_ended = False

    @property
    def has_begun(self) -> bool:
        """Whether some of an answer has come, if only a part of a head."""
        return self._unparsed > 0 or self._interim > 0

    @property
    def ends_with_connection(self) -> bool:
        """Whether the end of the connection is the end of the body (RFC 9112 section 6.3)."""
        return self._phase == UNTIL_CLOSE

    def feed(self, exchange: Receiver, data: bytes) -> int:
        """Read on; returns what has become of the answer.

        Head and body are told to the exchange. That it is complete, or that the protocol changes,
        is left to the caller to tell.
        """
        if self._phase == COUNTED:
            return self._count(exchange, data)
        if self._phase == UNTIL_CLOSE:
            exchange.on_body(data)
            return MORE
        is_first = self._phase == HEAD and not (self._unparsed or self._interim or exchange.is_head)
        rest = self._recent.rest_of(data) if is_first else None
        if rest is None:
            return self._parse(exchange, data, is_first)
        self.is_reusable = True
        self._begin_body(exchange, self._recent.head)
        return self._count(exchange, rest)

    def hand_over(self, exchange: Receiver) -> None:
        """What is still to come of an answer is for another receiver."""
        self._exchange = exchange

    def end(self) -> list[tuple[bytes, bytes]]:
        """Let go of a complete answer; returns its trailers."""
        self._exchange = None
        trailers, self._headers = self._headers, []
        if trailers or not self._is_parser_free:
            # It would take a trailer for a field of the next head, or still waits for bytes that
            # we counted, or that HEAD never brings.
            self._parser = None
        return trailers

    def switch(self, exchange: Receiver) -> None:
        """Tell the exchange of the new protocol, and of the bytes of it that have come."""
        exchange.on_switch(self._head, self._protocol())
        if self._unread:
            exchange.on_body(self._unread)
        self.drop()

    def _protocol(self) -> bytes:
        return b", ".join(value for name, value in self._headers if name.lower() == b"upgrade")

    def drop(self) -> None:
        """No more will be read."""
        self._exchange = self._parser = None

    def _count(self, exchange: Receiver, data: bytes | memoryview) -> int:
        left = self._left - len(data)
        if left < 0:
            self.is_reusable = False
            data = data[:left]
        self._left = left
        exchange.on_body(data)
        return WHOLE if left <= 0 else MORE

    def _parse(self, exchange: Receiver, data: bytes, is_first: bool) -> int:
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)
        if not (self.has_begun or self._phase != HEAD or data.lstrip(b"\r\n")[:1] in _FIRST):
            return MALFORMED
        self._unparsed = max(0, self._unparsed) + len(data)
        interim = self._interim
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._unread = data[upgrade.args[0] :]
            return SWITCHED
        except httptools.HttpParserError as error:
            _log_bug(error)
            if not self._has_ended:
                return MALFORMED
            self.is_reusable = False  # bytes after the end: the connection cannot be trusted
        if is_first and self._phase == COUNTED and self.is_reusable:
            self._recent.learn(data, self._head, self._left)
        if self._unparsed > MAX_HEAD and self._is_oversize:
            return MALFORMED
        if self._has_ended:
            return WHOLE
        return IN_HEAD if self._phase == HEAD and self._interim == interim else MORE

    def _begin_body(self, exchange: Receiver, head: ResponseHead) -> None:
        self._left = head.length if head.framing == Framing.LENGTH else 0
        self._phase = _PHASES[head.framing]
        self._has_ended = head.framing == Framing.NONE or head.length == 0
        exchange.on_head(head)

    # --- what llhttp tells (httptools) ---

    def on_message_begin(self) -> None:
        """A second final answer to one request must not be read as that of the next."""
        if self._has_ended:
            raise MalformedResponse("bytes after the end of the response")
        self._is_parser_free = False
        self._reason = b""

    def on_status(self, reason: bytes) -> None:
        """The reason phrase, possibly in pieces."""
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field of the head, or of the trailer section."""
        self._headers.append((name, value.rstrip(b" ")))  # as llhttp sees it: a tab stays

    def on_headers_complete(self) -> None:
        """Decide how the body is framed."""
        exchange, parser = self._exchange, self._parser
        assert exchange is not None and parser is not None
        status = parser.get_status_code()
        if status < 100:
            raise MalformedResponse("impossible status")
        version = parser.get_http_version()
        if version not in VERSIONS:
            raise MalformedResponse("not HTTP/1.x")
        self._check_size()
        if status < 200:
            self._read_interim(exchange, parser, status)
            return
        self._head = head = read_head(status, self._reason, self._headers, exchange.is_head)
        if version == "1.0" and head.framing == Framing.CHUNKED:
            raise MalformedResponse("Transfer-Encoding in HTTP/1.0")
        self._leave_head()
        self.may_idle = min(self.may_idle, head.may_idle)
        self.is_reusable = self.may_idle > 0 and parser.should_keep_alive()
        self._begin_body(exchange, head)

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        exchange = self._exchange
        self._unparsed -= len(data) + PIECE_EXTRA
        if self._has_ended or exchange is None:
            self.is_reusable = False
            return
        if self._phase == COUNTED:
            self._left -= len(data)
            self._has_ended = self._left == 0
        exchange.on_body(data)

    def on_message_complete(self) -> None:
        """The end, as llhttp sees it: from here it can parse a next message."""
        self._is_parser_free = True
        if self._phase == CHUNKED:
            self._check_size()
            self._has_ended = True

    def _read_interim(
        self, exchange: Receiver, parser: httptools.HttpResponseParser, status: int
    ) -> None:
        if status == 101:
            if not (exchange.wants_upgrade and parser.should_upgrade()):
                raise MalformedResponse("101 that nobody asked for")
            if not exchange.asked_for(self._protocol()):
                raise MalformedResponse("101 to another protocol than was asked for")
            self._head = read_head(status, self._reason, self._headers, exchange.is_head)
            return
        check_reason(status, self._reason)
        self._interim += 1
        if self._interim > MAX_INTERIM:
            raise MalformedResponse("too many interim answers")
        if any(name.lower() in FRAMING_FIELDS for name, _ in self._headers):
            self.may_idle = 0  # it has no body, but who knows what the pod sends
        self._leave_head()

    def _leave_head(self) -> None:
        """Forget a head that has been read, but not the bytes that came together with it."""
        self._unparsed = 0 if self._unparsed <= MAX_HEAD else self._unparsed - self._head_size
        self._headers = []

    @property
    def _head_size(self) -> int:
        """About how many bytes the fields read last had."""
        size = sum(len(name) + len(value) + FIELD_EXTRA for name, value in self._headers)
        return size + len(self._reason)

    @property
    def _largest_head(self) -> int:
        return max(MAX_HEAD, self._exchange.largest_head if self._exchange else 0)

    @property
    def _is_oversize(self) -> bool:
        """Whether too much has come of a head, of trailers, or around the pieces of a body."""
        is_chunked = self._phase == CHUNKED
        is_read = is_chunked or (self._phase == HEAD and not self._has_ended)
        return is_read and self._unparsed > self._largest_head

    def _check_size(self) -> None:
        """Refuse a head, or a trailer section, that is too large but came in one piece."""
        if self._unparsed > MAX_HEAD and self._head_size > self._largest_head:
            raise MalformedResponse("header or trailer fields too large")


def _log_bug(error: httptools.HttpParserError) -> None:
    """httptools wraps what a callback raises: only MalformedResponse is the pod's fault."""
    cause = error.__context__
    if cause is not None and not isinstance(cause, MalformedResponse):
        _LOG.error("a response could not be handled", exc_info=cause)
