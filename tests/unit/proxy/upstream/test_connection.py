"""The life of a pod's connection: deadlines, pauses, ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.conversations import (
    ANSWERS,
    CHUNKED,
    IDLE_LIMIT,
    INTERIM,
    LENGTH,
    READ,
    REQUEST,
    Conversation,
    heard,
)

from ingressd.proxy.upstream.connection import CLOSE_TIMEOUT, CLOSED, IDLE, UpstreamConnection
from ingressd.proxy.upstream.receiver import Failure
from ingressd.routing.global_policy import UpstreamKeepAlive


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


def test_a_connection_that_has_grown_old_is_closed_after_its_answer() -> None:
    talk = Conversation(UpstreamKeepAlive(age=60.0))
    talk.begin()
    talk.feed(LENGTH)
    assert talk.free == [talk.connection]
    talk.begin()
    talk.clock.now += 60.0
    talk.feed(LENGTH)
    assert talk.free == [talk.connection]
    assert talk.wire.end == "close"


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
