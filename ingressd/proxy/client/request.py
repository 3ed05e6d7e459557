"""One request as the data plane sees it: what was asked for, and what became of it."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable
from typing import Any

from aiohttp import EMPTY_PAYLOAD, StreamReader
from aiohttp.http import RawRequestMessage

from ingressd.proxy.bodies.temporary_files import TemporaryFile
from ingressd.proxy.client.authority import host_of
from ingressd.proxy.client.roles import Client, Edit, Errand, Refusal, Screen, StandIn
from ingressd.proxy.headers import connection_tokens
from ingressd.proxy.upstream.endpoints import PooledUpstream
from ingressd.routing.model import Route
from ingressd.routing.paths import normalise_path

SMALL_BODY = 64 * 1024
"""A body up to this size that has arrived already is sent with the head, and may be sent again."""

REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})
"""Idempotent methods (RFC 9110 section 9.2.2): safe to send again when no answer began."""

_OF_BODY = (b"content-length", b"transfer-encoding")

_ABSOLUTE = re.compile(r"https?://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")
_random_bits = random.SystemRandom().getrandbits
_identifiers = random.Random(_random_bits(256))


MOST_DIGITS = 18
"""Of a Content-Length: such a number fits into 63 bits wherever it is read."""

NOT_PLAIN = frozenset({"CONNECT", "OPTIONS", "TRACE"})
"""Methods about which a proxy has something to say itself."""


class BadRequest(Exception):
    """A request that is refused before it is routed; ``status`` is the answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Request:
    """A parsed head, its body, and the record of how it was answered.

    Construction is cheap; ``receive`` does the reading. ``at_end`` is called once it is over,
    however it ended. ``pod_host`` is the Host for pods, b"" for that of the client. ``stand_in`` is
    asked for error pages, and ``refusal`` is what it was asked in the place of.
    """

    __slots__ = (
        "_task",
        "affinity_cookie",
        "answer_edits",
        "at_end",
        "authority",
        "body_consumed",
        "body_file",
        "bytes_sent",
        "client",
        "errand",
        "fields",
        "has_body",
        "host",
        "http10",
        "keep_alive",
        "lines",
        "message",
        "method",
        "path",
        "payload",
        "pod_host",
        "query",
        "refusal",
        "relay_edits",
        "request_id",
        "route",
        "screen",
        "small_body",
        "stand_in",
        "started",
        "status",
        "target",
        "tries",
        "upstream",
        "upstream_address",
        "visitor",
        "wants_upgrade",
    )

    def __init__(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        client: Client,
    ) -> None:
        self.message = message
        self.payload = payload
        self.client = client
        self.visitor = client.visitor
        self.has_body = payload is not EMPTY_PAYLOAD
        client.request = self
        self.method: str = message.method
        self.target: str = message.path
        self.http10 = message.version[1] == 0
        # What follows a declined Upgrade may be another protocol: it is not read as a request.
        is_upgraded = message.upgrade and (self.has_body or client.is_upgraded)
        self.keep_alive = not (message.should_close or is_upgraded or client.is_last)
        self.authority = b""
        self.host = ""
        self.path = "/"
        self.query = ""
        self.lines: list[bytes] = []
        self.fields: dict[bytes, bytes] = {}
        self.affinity_cookie = b""
        self.answer_edits: tuple[Edit, ...] = ()
        self.relay_edits: tuple[Edit, ...] = ()
        self.at_end: Callable[[], None] | None = None
        self.request_id = b""
        self.route: Route | None = None
        self.errand: Errand | None = None
        self.upstream: PooledUpstream | None = None
        self.pod_host = b""
        self.screen: Screen | None = None
        self.stand_in: StandIn | None = None
        self.refusal: Refusal | None = None
        self.small_body: bytes | None = None
        self.body_consumed = False
        self.body_file: TemporaryFile | None = None
        self.started = 0.0
        self.status = 0
        self.bytes_sent = 0
        self.tries = 0
        self.upstream_address = ""
        self.wants_upgrade = False

    def receive(self) -> None:
        """Read the head. Raises BadRequest."""
        client = self.client
        self.lines, self.fields = fields = client.split(self.message.raw_headers)
        if client.witness is not None:
            raw = self.message.raw_headers
            self.visitor = client.witness(client.visitor, raw, self.fields)
        self.request_id = _request_id(fields[1].get(b"x-request-id"))
        if self.message.version not in _VERSIONS:
            raise BadRequest(505, "unsupported HTTP version")
        if self.http10 and b"close" in connection_tokens(self.fields.get(b"connection", b"")):
            self.keep_alive = False  # llhttp heeds a keep-alive beside it (RFC 9112 section 9.3)
        if b"transfer-encoding" in self.fields:
            self._check_coding(self.fields[b"transfer-encoding"])
        if b"content-length" in self.fields:
            self._check_length(self.fields[b"content-length"])
        if self.method in NOT_PLAIN:
            self._check_method()
        if b"expect" in self.fields:
            self._check_expectation(self.fields[b"expect"])
        if self.message.upgrade:
            self.wants_upgrade = self._asks_for_websocket()
        self._receive_target()
        path = normalise_path(self.path)
        if path is None:
            raise BadRequest(400, "invalid path")
        self.path = path

    def _check_coding(self, coding: bytes) -> None:
        """RFC 9112 section 6.1: we know no coding but chunked, and HTTP/1.0 knows none."""
        if self.http10:
            raise BadRequest(400, "Transfer-Encoding in HTTP/1.0")
        if coding.lower() != b"chunked":
            raise BadRequest(501, "unknown Transfer-Encoding")

    def _check_length(self, length: bytes) -> None:
        """The parser has seen to it that these are digits, and those of one field only."""
        if len(length) > MOST_DIGITS:
            raise BadRequest(413, "Content-Length is beyond all measure")

    def _check_method(self) -> None:
        """Every other method that the parser knows travels as it is."""
        if self.method == "CONNECT":
            raise BadRequest(501, "tunnels are opened by Upgrade only")
        if self.method == "TRACE":
            raise BadRequest(405, "TRACE would show what we add to a request")
        self.lines = [forwarded_once(each) for each in self.lines]

    def _check_expectation(self, expected: bytes) -> None:
        """RFC 9110 section 10.1.1; HTTP/1.0 knows no expectations."""
        if expected.lower() != b"100-continue" and not self.http10:
            raise BadRequest(417, "unknown expectation")

    def _receive_target(self) -> None:
        """Find host, path and query in the request target (RFC 9112 section 3.2)."""
        target = self.target
        self.authority = self.fields.get(b"host", b"")
        if target[:1] != "/":
            absolute = _ABSOLUTE.fullmatch(target)
            if absolute is None or host_of(self.authority) is None:  # a bad Host stays one
                raise BadRequest(400, "invalid request target")
            self.authority = absolute[1].encode("utf-8", "surrogateescape")
            target = absolute[2]
            if target[:1] != "/":
                target = f"/{target}"
            self.target = target
        if "#" in target:
            raise BadRequest(400, "fragment in request target")
        host = host_of(self.authority) if self.authority or self.http10 else None
        if host is None:
            raise BadRequest(400, "invalid Host")
        self.host = host
        self.path, _, self.query = target.partition("?")

    @property
    def remote(self) -> str:
        """The client's address, as far as it is believed."""
        return self.visitor.remote

    @property
    def scheme(self) -> str:
        """What the client spoke, as far as it is believed; see :class:`Visitor`."""
        return self.visitor.scheme

    @property
    def raw_target(self) -> bytes:
        """Path and query, byte for byte as they came."""
        return self.target.encode("utf-8", "surrogateescape")

    @property
    def is_body_complete(self) -> bool:
        """Whether the whole body has arrived (there may be none)."""
        return not self.has_body or self.payload.is_eof()

    @property
    def is_body_at_hand(self) -> bool:
        """Whether the body (there may be none) is kept here whole, and so can be sent once more."""
        return not self.body_consumed and (self.body_file is not None or not self.streams_body)

    def invite_body(self) -> None:
        """Ask the client for its body, if it waits for that (RFC 9110 section 10.1.1)."""
        is_asked = b"expect" in self.fields and not self.http10
        if is_asked and self.client.transport is not None:
            self.client.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def whole_body(self) -> bytes:
        """A body that has arrived already and is small, kept so that it can be sent again."""
        if self.small_body is None:
            self.small_body = self.payload.read_nowait() if self.has_body else b""
        return self.small_body

    def release_body(self) -> None:
        """Let go of the body: aiohttp keeps a request until the next one comes. Where the body
        failed, aiohttp must not wait for its end."""
        if not self.has_body:
            return
        self.small_body = None
        if self.body_file is not None:
            self.body_file.close()
            self.body_file = None
        if self.payload.exception() is not None and not self.payload.is_eof():
            self.payload.feed_eof()

    @property
    def streams_body(self) -> bool:
        """Whether the body must be passed on piece by piece."""
        if self.small_body is not None or not self.has_body:
            return False
        if self.body_file is not None or not self.payload.is_eof():
            return True
        return self.payload.total_bytes > SMALL_BODY

    def _asks_for_websocket(self) -> bool:
        """Whether it is an Upgrade to a WebSocket (RFC 6455 section 4.1), which alone is tunnelled.

        Within another protocol, such as h2c, a pod would take requests that nobody routed; and a
        body would have to be read before the switch (RFC 9110 section 7.8).
        """
        return (
            self.method == "GET"
            and not self.has_body
            and not self.http10
            and self.fields.get(b"upgrade", b"").lower() == b"websocket"
        )

    def turn_to(self, target: str, lines: list[bytes], *, with_body: bool) -> None:
        """Ask for something else; the answer is for the client all the same.

        As if nothing had been asked before, but for what the client sees and the log says.
        """
        self.target, self.lines = target, lines
        gone = (b"expect", b"upgrade", *(() if with_body else _OF_BODY))
        self.fields = {name: text for name, text in self.fields.items() if name not in gone}
        if self.has_body and not with_body:
            self._drop_body()
        self.wants_upgrade = False
        self.pod_host = b""
        self.status = 0

    def _drop_body(self) -> None:
        """Go on with one of no bytes."""
        self.fields[b"content-length"] = b"0"
        if self.body_file is not None:
            self.body_file.close()
        self.small_body, self.body_file, self.body_consumed = b"", None, False

    def carries_more_than(self, most: int) -> bool:
        """Whether the body is larger, as far as is said or known by now. Bytes; 0 is no limit."""
        if not most or not self.has_body:
            return False
        declared = int(self.fields.get(b"content-length", b"0"))
        return max(declared, self.payload.total_bytes) > most

    @property
    def may_repeat(self) -> bool:
        """Whether the request may be sent again after it was sent and got no answer."""
        return self.method in REPEATABLE and not self.body_consumed

    # --- what aiohttp's RequestHandler asks of a request ---

    def _finish(self) -> None:
        """Nothing to release: there are no uploads on disk."""

    def _cancel(self, exc: BaseException) -> None:
        """The client is gone, or must go; its task is cancelled by ``handler_cancellation``."""
        if not self.payload.is_eof():
            self.payload.set_exception(exc)
        if isinstance(exc, asyncio.CancelledError):
            self.client.abort()  # aiohttp says so at shutdown, when the time for it has run out


def forwarded_once(entry: bytes) -> bytes:
    """A field line of OPTIONS, one hop further (RFC 9110 section 7.6.2). Raises BadRequest."""
    if entry[:13].lower() != b"max-forwards:":
        return entry
    left = entry[13:-2].strip(b" \t")
    if not left.isdigit() or not int(left[:9]):
        raise BadRequest(400, "may not be forwarded")
    return b"Max-Forwards: %d\r\n" % (int(left[:9]) - 1)


def _request_id(sent: bytes | None) -> bytes:
    """The client's X-Request-ID where it is printable, else 32 random hexadecimal digits."""
    if sent is not None and _REQUEST_ID.fullmatch(sent):
        return sent
    return _identifiers.getrandbits(128).to_bytes(16, "big").hex().encode()


_VERSIONS: Any = ((1, 1), (1, 0))
