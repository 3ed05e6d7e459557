"""What a pod's bytes mean, as transcripts: bytes in, events out, however they are cut."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.keepers import Keeper
from support.pods import cuts
from support.requests import Wire

from ingressd.proxy.clock import Clock
from ingressd.proxy.response_head import ResponseHead
from ingressd.proxy.upstream.answer_reader import MAX_HEAD, MAX_INTERIM
from ingressd.proxy.upstream.connection import CLOSE_TIMEOUT, CLOSED, IDLE, UpstreamConnection
from ingressd.proxy.upstream.receiver import Failure

READ, TUNNEL, IDLE_LIMIT = 60.0, 3600.0, 4.0
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

    def on_writable(self) -> None:
        self.events.append(("writable",))

    def on_full(self) -> None:
        self.events.append(("full",))


class Conversation:
    """A connection between a wire and a recording exchange."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.keeper = Keeper()
        self.free, self.lost = self.keeper.free, self.keeper.lost
        self.wire = Wire()
        self.connection = UpstreamConnection(self.clock, IDLE_LIMIT, self.keeper)
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


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_means_the_same_however_it_is_cut(name: str) -> None:
    data, wishes, expected = ANSWERS[name]
    for pieces in cuts(data):
        assert heard(pieces, **wishes) == (expected, "free")


def test_an_answer_to_head_has_no_body_and_its_connection_is_not_trusted() -> None:
    """llhttp waits for the body that HEAD never brings; a fresh parser takes over."""
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
    for pieces in cuts(data):
        assert heard(pieces, is_head=True) == ([head(200, b"OK", 9), ("end",)], "free")
    talk = Conversation()
    talk.begin(is_head=True)
    talk.feed(data)
    following = talk.begin()
    talk.feed(LENGTH)
    assert following.events == ANSWERS["length"][2]


@pytest.mark.parametrize("data", [b"HTTP/1.1 200 OK\r\n\r\nsome", b"HTTP/1.0 200 OK\r\n\r\nsome"])
def test_a_body_without_length_ends_with_the_connection(data: bytes) -> None:
    for pieces in cuts(data):
        events, end = heard(pieces, closes=True)
        assert (events, end) == ([head(200, b"OK", -1), ("body", b"some"), ("end",)], "close")


def test_a_body_without_length_does_not_end_with_a_reset() -> None:
    talk = Conversation()
    exchange = talk.begin()
    talk.feed(b"HTTP/1.1 200 OK\r\n\r\nsome")
    talk.end(ConnectionResetError())
    assert exchange.events[-1][0] == "failure"


def test_a_switch_is_followed_by_bytes_of_another_protocol() -> None:
    answer = b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX: y\r\n\r\n"
    for pieces in cuts(answer + b"HTTP/1.1 bytes"):
        talk = Conversation()
        exchange = talk.begin(wants_upgrade=True)
        for piece in pieces:
            talk.feed(piece)
        assert exchange.events == [
            ("switch", b"websocket", b"X: y\r\n"),
            ("body", b"HTTP/1.1 bytes"),
        ]
        assert talk.connection.deadline == talk.clock.now + TUNNEL


def test_an_offer_to_upgrade_is_not_a_switch() -> None:
    data = b"HTTP/1.1 200 OK\r\nUpgrade: h2\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n"
    events, end = heard([data], wants_upgrade=True)
    assert (events, end) == ([head(200, b"OK", 0), ("end",)], "free")


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nBad Name: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 099 Odd\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * (MAX_INTERIM + 1),
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * MAX_HEAD + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * (MAX_HEAD // 2),
    ],
)
def test_what_is_malformed_is_cut_off(data: bytes) -> None:
    events, end = heard([data])
    assert (events, end) == ([("failure", Failure.MALFORMED)], "abort")


def test_a_malformed_chunk_fails_an_answer_that_has_begun() -> None:
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n"
    events, end = heard([data])
    assert (events[-1], end) == (("failure", Failure.MALFORMED), "abort")


def test_a_trailer_without_end_is_not_collected_for_ever() -> None:
    talk = Conversation()
    exchange = talk.begin()
    talk.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: ")
    for _ in range(MAX_HEAD // 1000 + 1):
        talk.feed(b"y" * 1000)
    assert exchange.events[-1] == ("failure", Failure.MALFORMED)


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("extra", [b"x", LENGTH, b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"])
def test_bytes_after_an_answer_cost_the_connection(name: str, extra: bytes) -> None:
    data, wishes, expected = ANSWERS[name]
    events, end = heard([data + extra], **wishes)
    assert (events, end) == (expected, "close")
    talk = Conversation()
    talk.begin()
    talk.feed(data)
    talk.feed(extra)
    assert talk.wire.end == "abort"


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_a_pod_that_says_close_is_believed(data: bytes) -> None:
    assert heard([data])[1] == "close"


def test_a_connection_that_is_owed_a_body_takes_no_other_request() -> None:
    talk = Conversation()
    exchange = talk.begin(owes_body=True)
    talk.feed(LENGTH)
    assert exchange.events[-1] == ("end",)
    assert (talk.free, talk.wire.end) == ([], "abort")


PHASES: dict[str, tuple[bytes, Failure]] = {
    "before": (b"", Failure.CLOSED),
    "head": (b"HTTP/1.1 200", Failure.CUT),
    "interim": (b"HTTP/1.1 100 Continue\r\n\r\n", Failure.CUT),
}


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("exc", [None, ConnectionResetError()])
def test_whether_an_answer_had_begun_when_the_pod_left(phase: str, exc: Exception | None) -> None:
    data, failure = PHASES[phase]
    talk = Conversation()
    exchange = talk.begin()
    if data:
        talk.feed(data)
    talk.end(exc)
    assert exchange.events == [("failure", failure)]
    assert (talk.free, talk.lost, talk.clock.watched) == ([], [talk.connection], set())


@pytest.mark.parametrize("data", [LENGTH[:-1], CHUNKED[:-1], CHUNKED[:-12]])
@pytest.mark.parametrize("exc", [None, ConnectionResetError()])
def test_a_body_cut_short_is_a_failure(data: bytes, exc: Exception | None) -> None:
    talk = Conversation()
    exchange = talk.begin()
    talk.feed(data)
    talk.end(exc)
    assert exchange.events[-1][0] == "failure"


@pytest.mark.parametrize("data", [INTERIM, LENGTH[:-1], CHUNKED[:-1]])
def test_silence_is_a_timeout_counted_from_the_last_bytes(data: bytes) -> None:
    talk = Conversation()
    exchange = talk.begin()
    talk.clock.now += 50
    talk.feed(data)
    assert talk.connection.deadline == talk.clock.now + READ
    talk.connection.expire()
    assert exchange.events[-1] == ("failure", Failure.TIMEOUT)
    assert talk.wire.end == "abort"


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 2", LENGTH[:20], INTERIM[:20]])
def test_a_head_that_comes_slowly_has_no_longer_than_one_that_comes_at_once(data: bytes) -> None:
    talk = Conversation()
    exchange = talk.begin()
    talk.clock.now += 50
    for at in range(len(data)):
        talk.feed(data[at : at + 1])
    assert talk.connection.deadline == 100.0 + READ
    talk.connection.expire()
    assert exchange.events[-1] == ("failure", Failure.TIMEOUT)


@pytest.mark.parametrize(
    ("says", "seconds"),
    [
        (b"timeout=3", 2),
        (b"timeout=3, max=100", 2),
        (b"max=100,\tTimeout=2", 1),
        (b"timeout=5", IDLE_LIMIT),
        (b"timeout=9999999999", IDLE_LIMIT),
        (b"timeout=x", IDLE_LIMIT),
        (b"timeout=-1", IDLE_LIMIT),
        (b"3", IDLE_LIMIT),
    ],
)
def test_an_idle_connection_closes_a_second_before_the_pod_would(
    says: bytes, seconds: float
) -> None:
    talk = Conversation()
    talk.begin()
    talk.feed(LENGTH.replace(b"X: y", b"Keep-Alive: " + says))
    assert talk.free
    assert talk.connection.deadline == talk.clock.now + seconds
    talk.clock.now += 0.5
    assert talk.connection.idle_for == 0.5


@pytest.mark.parametrize("says", [b"timeout=1", b"timeout=0"])
def test_a_connection_that_the_pod_would_close_at_once_is_not_kept(says: bytes) -> None:
    assert heard([LENGTH.replace(b"X: y", b"Keep-Alive: " + says)])[1] == "close"


def test_what_a_pod_says_of_its_patience_holds_for_the_answers_that_follow() -> None:
    talk = Conversation()
    for answer in (LENGTH.replace(b"X: y", b"Keep-Alive: timeout=2"), LENGTH, LENGTH):
        talk.begin()
        talk.feed(answer)
    assert talk.connection.deadline == talk.clock.now + 1


def test_whoever_was_armed_against_last_gets_the_blame() -> None:
    talk = Conversation()
    exchange = talk.begin()
    talk.connection.arm(5, Failure.CLIENT_STALLED)
    assert talk.connection.deadline == talk.clock.now + 5
    talk.connection.expire()
    assert exchange.events == [("failure", Failure.CLIENT_STALLED)]


def test_an_idle_connection_closes_after_its_time_and_is_cut_if_it_does_not() -> None:
    talk = Conversation()
    talk.begin()
    talk.feed(LENGTH)
    assert talk.connection.deadline == talk.clock.now + IDLE_LIMIT
    talk.connection.expire()
    assert (talk.connection.phase, talk.wire.end) == (CLOSED, "close")
    assert talk.connection.deadline == talk.clock.now + CLOSE_TIMEOUT
    talk.connection.expire()
    assert talk.wire.end == "abort"


def test_an_idle_connection_that_the_pod_closes_is_not_taken_any_more() -> None:
    talk = Conversation()
    talk.begin()
    talk.feed(LENGTH)
    assert talk.connection.phase == IDLE
    talk.connection.eof_received()
    assert talk.connection.phase == CLOSED


def test_reading_pauses_and_resumes_while_the_connection_is_open() -> None:
    talk = Conversation()
    talk.begin()
    talk.connection.pause()
    assert talk.wire.is_reading_paused and talk.connection.read_paused
    talk.connection.resume()
    assert not talk.wire.is_reading_paused and not talk.connection.read_paused
    talk.connection.abort()
    talk.connection.pause()
    assert not talk.wire.is_reading_paused


def test_the_exchange_learns_when_the_pod_is_full_and_takes_bytes_again() -> None:
    talk = Conversation()
    exchange = talk.begin()
    talk.connection.pause_writing()
    assert talk.connection.write_paused
    talk.connection.resume_writing()
    assert not talk.connection.write_paused
    assert exchange.events == [("full",), ("writable",)]


def _abort(connection: UpstreamConnection) -> None:
    connection.abort()


def _finish(connection: UpstreamConnection) -> None:
    connection.finish()


@pytest.mark.parametrize(("leave", "end"), [(_abort, "abort"), (_finish, "close")])
def test_an_exchange_that_leaves_hears_no_more(
    leave: Callable[[UpstreamConnection], None], end: str
) -> None:
    talk = Conversation()
    exchange = talk.begin()
    leave(talk.connection)
    talk.end()
    assert (exchange.events, talk.wire.end) == ([], end)


def test_one_connection_serves_one_request_after_the_other() -> None:
    talk = Conversation()
    for name, (data, wishes, expected) in ANSWERS.items():
        exchange = talk.begin(**wishes)
        talk.feed(data)
        assert exchange.events == expected, name
    assert talk.wire.written == REQUEST * len(ANSWERS)
    assert talk.free == [talk.connection] * len(ANSWERS)
