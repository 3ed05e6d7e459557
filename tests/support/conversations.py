"""A pod's connection between a recording wire and a recording exchange, as transcripts."""

from __future__ import annotations

from ingressd.proxy.clock import Clock
from ingressd.proxy.upstream.connection import UpstreamConnection
from ingressd.proxy.upstream.receiver import Failure
from ingressd.proxy.upstream.response_head import ResponseHead
from ingressd.routing.global_policy import UpstreamKeepAlive
from support.keepers import Keeper
from support.requests import Wire

READ, TUNNEL = 60.0, 3600.0
KEEP_ALIVE = UpstreamKeepAlive()
IDLE_LIMIT = KEEP_ALIVE.idle
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
Event = tuple[object, ...]


class FakeClock(Clock):
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0
        self.watched: set[object] = set()

    def watch(self, item: object) -> None:
        self.watched.add(item)

    def unwatch(self, item: object) -> None:
        self.watched.discard(item)


class Recording:
    """An exchange that writes down what it is told; the pieces of a body are joined."""

    read_timeout, tunnel_timeout = READ, TUNNEL
    largest_head = 0

    def __init__(self, *, is_head: bool = False, wants_upgrade: bool = False) -> None:
        self.is_head = is_head
        self.wants_upgrade = wants_upgrade
        self.events: list[Event] = []

    def asked_for(self, protocol: bytes) -> bool:
        return protocol == b"websocket"

    def on_head(self, head: ResponseHead) -> None:
        self.events.append(("head", head.status, head.reason, b"".join(head.lines), head.length))

    def on_body(self, data: bytes) -> None:
        if self.events and self.events[-1][0] == "body":
            data = self.events.pop()[1] + data  # type: ignore[operator]
        self.events.append(("body", data))

    def on_flush(self) -> None:
        """When the bytes are written out depends on how they are cut."""

    def on_end(self, trailers: list[tuple[bytes, bytes]]) -> None:
        self.events.append(("end", *trailers))

    def on_switch(self, head: ResponseHead, protocol: bytes) -> None:
        self.events.append(("switch", protocol, b"".join(head.lines)))

    def on_failure(self, failure: Failure) -> None:
        self.events.append(("failure", failure))

    def outlasts(self, blame: Failure) -> bool:
        return False

    def on_writable(self) -> None:
        self.events.append(("writable",))

    def on_full(self) -> None:
        self.events.append(("full",))


class Conversation:
    """A connection between a wire and a recording exchange."""

    def __init__(self, keep_alive: UpstreamKeepAlive = KEEP_ALIVE) -> None:
        self.clock = FakeClock()
        self.keeper = Keeper()
        self.free, self.lost = self.keeper.free, self.keeper.lost
        self.wire = Wire()
        self.connection = UpstreamConnection(self.clock, keep_alive, self.keeper)
        self.connection.connection_made(self.wire)

    def begin(self, *, owes_body: bool = False, **wishes: bool) -> Recording:
        exchange = Recording(**wishes)
        self.connection.begin(exchange, REQUEST, owes_body=owes_body)
        return exchange

    def feed(self, data: bytes) -> None:
        """What the event loop does with bytes; it reads no more from a transport that closes."""
        if not self.wire.end:
            self.connection.data_received(data)

    def end(self, exc: Exception | None = None) -> None:
        if exc is None and not self.wire.end:
            self.connection.eof_received()
        self.connection.connection_lost(exc)


def heard(pieces: list[bytes], *, closes: bool = False, **wishes: bool) -> tuple[list[Event], str]:
    """The events of an answer that comes in pieces, and what became of the connection."""
    talk = Conversation()
    exchange = talk.begin(**wishes)
    for piece in pieces:
        talk.feed(piece)
    if closes:
        talk.end()
    return exchange.events, "free" if talk.free else talk.wire.end


def head(status: int, reason: bytes, length: int, lines: bytes = b"") -> Event:
    return ("head", status, reason, lines, length)


LENGTH = b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 5\r\n\r\n"
)
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"

ANSWERS = {
    "length": (LENGTH, {}, [head(200, b"OK", 5, b"X: y\r\n"), ("body", b"hello"), ("end",)]),
    "empty": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", {}, [head(200, b"OK", 0), ("end",)]
    ),
    "chunked": (
        CHUNKED, {}, [head(200, b"OK", -1), ("body", b"hello"), ("end", (b"X-Sum", b"5"))]
    ),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", {}, [head(204, b"No Content", -1), ("end",)]),
    "304": (
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", {},
        [head(304, b"Not Modified", 9), ("end",)],
    ),
    "interim": (
        INTERIM + b"HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n", {},
        [head(200, b"Fine", 0), ("end",)],
    ),
}  # fmt: skip
