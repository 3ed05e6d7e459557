"""What a pod's bytes mean: bytes in, events out, however they are cut."""

from __future__ import annotations

import pytest
from support.conversations import (
    ANSWERS,
    CHUNKED,
    INTERIM,
    LENGTH,
    TUNNEL,
    Conversation,
    head,
    heard,
)
from support.pods import cuts

from ingressd.proxy.upstream.answer_reader import MAX_HEAD, MAX_INTERIM
from ingressd.proxy.upstream.receiver import Failure


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


@pytest.mark.parametrize("before", [b"", b"2\r\nok\r\n"], ids=["at once", "behind a chunk"])
@pytest.mark.parametrize("size", [b"0" * 100_000 + b"2", b"2;" + b"a" * 100_000])
def test_the_line_of_a_chunk_is_bounded_although_it_comes_in_one_piece(
    before: bytes, size: bytes
) -> None:
    start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + before
    rest = size + b"\r\nok\r\n0\r\n\r\n"
    for pieces in ([start + rest], [start, rest], [INTERIM + start + rest]):
        events, end = heard(pieces)
        assert (events[-1], end) == (("failure", Failure.MALFORMED), "abort")


@pytest.mark.parametrize("size", [b"1", b"1;signature=" + b"f" * 64], ids=["plain", "signed"])
def test_many_small_chunks_in_one_piece_are_an_answer(size: bytes) -> None:
    start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    events, end = heard([start + (size + b"\r\nx\r\n") * 20_000 + b"0\r\n\r\n"])
    assert (events[1:], end) == ([("body", b"x" * 20_000), ("end",)], "free")


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
