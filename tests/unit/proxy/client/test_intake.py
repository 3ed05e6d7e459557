"""What is read from a client, and what is refused before anybody looks at it."""

from __future__ import annotations

import pytest
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import _ErrInfo
from support.requests import Wire, client_connection

from ingressd.proxy.client.chunks import END
from ingressd.proxy.client.connection import ClientConnection
from ingressd.proxy.client.refusals import status_of
from ingressd.proxy.clock import NEVER
from ingressd.routing.global_policy import Limits

LIMITS = Limits()
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
BODY = b"2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n"
FOLLOWING = b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize("cut", range(1, len(BODY)))
async def test_a_chunked_body_may_be_cut_anywhere(cut: int) -> None:
    connection = client_connection()
    for piece in (CHUNKED, BODY[:cut], BODY[cut:]):
        connection.data_received(piece)
    assert not connection.is_last
    connection.data_received(FOLLOWING)
    (_, body), (message, _) = connection._messages
    assert await body.read() == b"ok"
    assert [name for name, _ in message.raw_headers] == [b"Host"]


@pytest.mark.parametrize("cut", range(1, len(FOLLOWING) + 1))
async def test_what_comes_together_with_the_end_of_a_chunked_body_is_dropped(cut: int) -> None:
    connection = client_connection()
    connection.data_received(CHUNKED)
    connection.data_received(BODY + FOLLOWING[:cut])
    connection.data_received(FOLLOWING[cut:])
    assert connection.is_last
    assert [message.path for message, _ in connection._messages] == ["/"]


POSTED = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n\r\n\r"
MIXED = FOLLOWING + b"\r\n" + POSTED + FOLLOWING + POSTED + b"\r\n" + FOLLOWING


@pytest.mark.parametrize("cut", range(len(MIXED)))
async def test_requests_may_be_cut_anywhere_and_have_an_empty_line_before(cut: int) -> None:
    connection = client_connection()
    connection.data_received(MIXED[:cut])
    connection.data_received(MIXED[cut:])
    assert refusals(connection) == []
    paths = [message.path for message, _ in connection._messages]
    assert paths == ["/2", "/", "/2", "/", "/2"]


BEGINNINGS = {
    "rtsp": FOLLOWING.replace(b"HTTP", b"RTSP"),
    "a bare CR": b"\r" + FOLLOWING,
    "a bare LF": b"\n" + FOLLOWING,
    "an empty line, a bare CR": b"\r\n\r" + FOLLOWING,
    "two empty lines": b"\r\n\r\n" + FOLLOWING,
}


@pytest.mark.parametrize("before", [b"", FOLLOWING, POSTED], ids=["first", "get", "post"])
@pytest.mark.parametrize("begun", BEGINNINGS.values(), ids=BEGINNINGS)
async def test_a_bad_beginning_is_refused_however_it_is_cut(before: bytes, begun: bytes) -> None:
    data = before + begun
    for cut in range(len(data)):
        connection = client_connection()
        connection.data_received(data[:cut])
        connection.data_received(data[cut:])
        assert refusals(connection) == [400]
        assert len(connection._messages) == (2 if before else 1)


async def test_what_a_full_queue_held_back_is_read_with_care_too() -> None:
    connection = client_connection()
    connection.data_received(FOLLOWING * 40 + b"\r" + FOLLOWING)
    assert connection._parser is not None
    for _ in range(30):
        connection._messages.popleft()
        connection._parser.message_consumed()
    connection._resume_reading_if_drained()
    assert refusals(connection) == [400]
    assert len(connection._messages) == 2 + 8 + 1


async def test_what_a_body_held_back_is_read_with_care_too() -> None:
    body = b"a" * 1_000_000
    connection = client_connection()
    connection.data_received(
        POSTED.replace(b" 3", b" %d" % len(body))[:-3] + body + FOLLOWING + b"\r" + FOLLOWING
    )
    reader = connection._messages[0][1]
    assert await reader.read() == body
    assert refusals(connection) == [400]
    assert len(connection._messages) == 3


async def test_chunks_behind_a_declined_upgrade_are_bounded_like_others() -> None:
    connection = client_connection()
    connection.data_received(UPGRADE.replace(b"GET", b"POST")[:-2] + CHUNKED.partition(b"a\r\n")[2])
    for _ in range(100):
        connection.data_received(b"1;%b\r\nx\r\n" % (b"x" * 1000))
    assert refusals(connection) == [400]
    assert not connection._held


async def test_bytes_that_wait_for_nothing_are_not_held() -> None:
    connection = client_connection()
    for _ in range(3):
        connection.data_received(FOLLOWING)
        connection.data_received(POSTED[:-2])
        connection.data_received(POSTED[-2:])
    assert not connection._held


@pytest.mark.parametrize("behind", [b"\r", b"\r\r\n", b"\r\r\n\r\n", b"\r\n\r\n"])
async def test_nothing_is_read_behind_the_odd_end_of_a_chunked_body(behind: bytes) -> None:
    connection = client_connection()
    connection.data_received(CHUNKED)
    connection.data_received(BODY + behind)
    connection.data_received(FOLLOWING)
    assert connection.is_last
    assert [message.path for message, _ in connection._messages] == ["/"]


async def test_a_broken_chunk_fails_the_body() -> None:
    connection = client_connection()
    connection.data_received(CHUNKED)
    connection.data_received(b"2\r\nok\r\nzz\r\n")
    assert connection._messages[0][1].exception() is not None


async def test_a_client_that_half_closes_within_a_body_fails_it() -> None:
    connection = client_connection()
    connection.data_received(CHUNKED)
    assert connection.eof_received()
    assert connection._messages[0][1].exception() is not None


async def test_a_client_that_half_closes_within_a_head_is_told() -> None:
    connection = client_connection()
    connection.data_received(FOLLOWING[:9])
    assert connection.eof_received()
    assert refusals(connection) == [400]


def refusals(connection: ClientConnection) -> list[int]:
    """The statuses with which what did not parse will be refused."""
    errors = [message for message, _ in connection._messages if isinstance(message, _ErrInfo)]
    return [
        status_of(each.exc, LIMITS) if isinstance(each.exc, HttpProcessingError) else each.status
        for each in errors
    ]


FIELDS = b"".join(b"X-%d: %b\r\n" % (number, b"a" * 1000) for number in range(70))
OVERSIZE = {
    "target": (b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n" % (b"a" * 20_000), 414),
    "field": (b"GET / HTTP/1.1\r\nHost: a\r\nX: %b\r\n\r\n" % (b"a" * 40_000), 431),
    "number of fields": (b"GET / HTTP/1.1\r\nHost: a\r\n%b\r\n" % (b"X: y\r\n" * 200), 431),
    "head": (b"GET / HTTP/1.1\r\nHost: a\r\n%b\r\n" % FIELDS, 431),
    "extension": (CHUNKED + b"2;%b\r\nok\r\n0\r\n\r\n" % (b"x" * 20_000), 400),
    "chunk": (CHUNKED + b"F" * 16 + b"\r\n", 400),
}


@pytest.mark.parametrize(("raw", "status"), OVERSIZE.values(), ids=OVERSIZE)
async def test_oversize_is_refused_and_nothing_behind_it_is_parsed(raw: bytes, status: int) -> None:
    connection = client_connection()
    connection.data_received(raw)
    connection.data_received(FOLLOWING)
    assert refusals(connection) == [status]
    assert len(connection._messages) == 1


async def test_a_head_that_comes_in_pieces_is_bounded_too() -> None:
    connection = client_connection()
    for line in OVERSIZE["head"][0].splitlines(keepends=True)[:-1]:
        connection.data_received(line)
    assert refusals(connection) == [431]


async def test_a_head_has_its_time_from_its_first_byte() -> None:
    connection = client_connection()
    connection.deadline = NEVER
    connection.data_received(FOLLOWING[:5])
    deadline = connection.deadline
    assert deadline == connection._clock.now + LIMITS.head_timeout
    connection._clock.now += 30
    connection.data_received(FOLLOWING[5:9])
    assert connection.deadline == deadline
    connection.expire()
    assert refusals(connection) == [408]


async def test_the_time_ends_with_the_head() -> None:
    connection = client_connection()
    connection.data_received(FOLLOWING[:5])
    connection.data_received(FOLLOWING[5:])
    assert connection.deadline == NEVER


async def test_a_head_that_has_come_takes_no_time_from_the_answer_before_it() -> None:
    connection = client_connection()
    connection.data_received(FOLLOWING)
    connection.data_received(FOLLOWING[:5])
    assert connection.deadline < NEVER
    connection.data_received(FOLLOWING[5:])
    assert connection.deadline == NEVER


async def test_a_client_in_the_middle_of_a_head_is_not_idle() -> None:
    connection = client_connection()
    assert connection.is_idle
    connection.data_received(FOLLOWING[:5])
    assert not connection.is_idle


async def test_a_client_that_asks_for_nothing_is_closed_without_a_word() -> None:
    connection = client_connection()
    wire = connection.transport
    connection.expire()
    assert isinstance(wire, Wire)
    assert (wire.end, wire.written) == ("close", b"")


GARBAGE = b"GARBAGE\r\n\r\n"
WITHIN = POSTED[:-3].replace(b" 3", b" %d" % len(GARBAGE)) + GARBAGE
GOOD = {
    "a get": (FOLLOWING, ["/2"]),
    "a length": (POSTED, ["/"]),
    "chunks": (CHUNKED + BODY, ["/"]),
    "ends of heads within a body": (WITHIN, ["/"]),
    "each of them": (
        FOLLOWING + CHUNKED + BODY + POSTED + FOLLOWING + WITHIN,
        ["/2", "/", "/", "/2", "/"],
    ),
}
BAD = {
    "garbage": GARBAGE,
    "half a line": b"GARBAGE",
    "behind an empty line": b"\r\n" + GARBAGE,
    "behind two": b"\r\n\r\n" + GARBAGE,
    "a chunk": CHUNKED + b"zz\r\n",
    "a chunk behind one": CHUNKED + b"2\r\nok\r\n" + GARBAGE,
    "two framings": CHUNKED.replace(b"Host", b"Content-Length: 2\r\nHost") + b"ok",
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
@pytest.mark.parametrize(("good", "paths"), GOOD.values(), ids=GOOD)
async def test_what_is_good_before_what_is_bad_is_answered(
    good: bytes, paths: list[str], bad: bytes
) -> None:
    connection = client_connection()
    connection.data_received(good + bad + FOLLOWING)
    connection.data_received(FOLLOWING)
    *messages, (refusal, _) = connection._messages
    assert [message.path for message, _ in messages] == paths
    assert all(body.is_eof() for _, body in messages)
    assert isinstance(refusal, _ErrInfo)
    assert refusals(connection) == [400]


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
async def test_what_is_refused_takes_no_place_of_what_may_be_asked(bad: bytes) -> None:
    connection = client_connection()
    connection._most_requests = 2
    connection.data_received(FOLLOWING * 2 + bad)
    for is_last in (False, True):
        connection._messages.popleft()
        assert connection.is_last == is_last


MIXED_BAD = FOLLOWING + b"\r\n" + POSTED + FOLLOWING + GARBAGE + FOLLOWING


@pytest.mark.parametrize("cut", range(len(MIXED_BAD)))
async def test_how_it_is_cut_changes_nothing(cut: int) -> None:
    connection = client_connection()
    connection.data_received(MIXED_BAD[:cut])
    connection.data_received(MIXED_BAD[cut:])
    assert refusals(connection) == [400]
    paths = [message.path for message, _ in list(connection._messages)[:-1]]
    assert paths == ["/2", "/", "/2"]


async def test_what_a_full_queue_held_back_is_answered_before_what_is_bad() -> None:
    connection = client_connection()
    connection.data_received(FOLLOWING * 40 + GARBAGE)
    assert connection._parser is not None
    for _ in range(30):
        connection._messages.popleft()
        connection._parser.message_consumed()
    connection._resume_reading_if_drained()
    assert refusals(connection) == [400]
    assert len(connection._messages) == 2 + 8 + 1


@pytest.mark.parametrize("size", [100_000, 200_000, 1_000_000])
async def test_what_a_body_held_back_is_answered_before_what_is_bad(size: int) -> None:
    body = b"a" * size
    connection = client_connection()
    connection.data_received(POSTED.replace(b" 3", b" %d" % size)[:-3] + body + FOLLOWING + GARBAGE)
    assert await connection._messages[0][1].read() == body
    assert refusals(connection) == [400]
    assert [message.path for message, _ in list(connection._messages)[:-1]] == ["/", "/2"]


async def test_ends_of_heads_without_number_cost_one_refusal() -> None:
    connection = client_connection()
    body = END * 15_000
    connection.data_received(POSTED[:-3].replace(b" 3", b" %d" % len(body)) + body + GARBAGE)
    assert refusals(connection) == [400]
    assert len(connection._messages) == 2
    assert connection._messages[0][1].is_eof()


UPGRADE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n"


async def test_what_follows_a_declined_upgrade_at_once_is_refused_with_it() -> None:
    connection = client_connection()
    connection.data_received(UPGRADE + FOLLOWING)
    assert refusals(connection) == [400]
    assert len(connection._messages) == 1


@pytest.mark.parametrize("cut", range(len(UPGRADE)))
async def test_what_follows_a_declined_upgrade_is_refused_however_it_is_cut(cut: int) -> None:
    connection = client_connection()
    connection.data_received(UPGRADE[:cut])
    connection.data_received(UPGRADE[cut:] + FOLLOWING)
    assert refusals(connection) == [400]


@pytest.mark.parametrize("cut", range(len(UPGRADE)))
async def test_what_follows_a_declined_upgrade_later_is_http(cut: int) -> None:
    connection = client_connection()
    connection.data_received(UPGRADE[:cut])
    connection.data_received(UPGRADE[cut:])
    connection.data_received(FOLLOWING)
    assert [message.path for message, _ in connection._messages] == ["/", "/2"]
