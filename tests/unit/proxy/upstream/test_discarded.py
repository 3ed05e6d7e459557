"""What becomes of a connection whose answer nobody wants."""

from __future__ import annotations

import pytest
from support.conversations import LENGTH, REQUEST, Conversation, Recording

from ingressd.proxy.upstream.discarded import DISCARD_UP_TO, READS
from ingressd.proxy.upstream.response_head import ResponseHead

HEAD = b"HTTP/1.1 503 Nope\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
SHORT = {
    "length": HEAD + b"Content-Length: 5\r\n\r\nhello",
    "empty": HEAD + b"Content-Length: 0\r\n\r\n",
    "chunked": CHUNKED + b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
    "interim": b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"Content-Length: 1\r\n\r\nx",
}


class Declining(Recording):
    """An exchange that does not want any answer."""

    def __init__(self, talk: Conversation) -> None:
        super().__init__()
        self._talk = talk

    def on_head(self, head: ResponseHead) -> None:
        self.events.append(("head", head.status))
        self._talk.connection.discard(head.length)


def declined(answer: list[bytes], *, owes_body: bool = False) -> tuple[Conversation, Declining]:
    """A connection after an answer, in these pieces, that was declined."""
    talk = Conversation()
    exchange = Declining(talk)
    talk.connection.begin(exchange, REQUEST, owes_body=owes_body)
    for piece in answer:
        talk.feed(piece)
    return talk, exchange


@pytest.mark.parametrize("answer", SHORT.values(), ids=SHORT)
def test_after_a_short_answer_it_is_free(answer: bytes) -> None:
    for pieces in [[answer], [answer[:-1], answer[-1:]], [answer[:30], answer[30:]]]:
        talk, exchange = declined(pieces)
        assert (talk.free, talk.wire.end) == ([talk.connection], "")
        assert ("head", 503) in exchange.events
        assert not any(event[0] in ("end", "failure") for event in exchange.events)


@pytest.mark.parametrize("answer", SHORT.values(), ids=SHORT)
def test_the_next_answer_is_read_from_its_beginning(answer: bytes) -> None:
    talk, _ = declined([answer])
    following = talk.begin()
    talk.feed(LENGTH)
    assert [event[0] for event in following.events] == ["head", "body", "end"]


def test_a_head_that_is_known_already_is_declined_as_well() -> None:
    talk = Conversation()
    talk.begin()
    talk.feed(LENGTH)
    talk.connection.begin(Declining(talk), REQUEST)
    talk.feed(LENGTH)
    assert (len(talk.free), talk.wire.end) == (2, "")


@pytest.mark.parametrize(
    "answer",
    [
        [HEAD + b"Content-Length: %d\r\n\r\n" % (DISCARD_UP_TO + 1)],
        [HEAD + b"\r\nuntil I close"],
        [CHUNKED, b"%x\r\n" % (2 * DISCARD_UP_TO), bytes(DISCARD_UP_TO + 1)],
        [CHUNKED, *[b"1\r\nx\r\n"] * READS],
    ],
    ids=["long", "endless", "large", "slow"],
)
def test_where_that_would_cost_more_it_is_given_up(answer: list[bytes]) -> None:
    talk, exchange = declined(answer)
    assert (talk.free, talk.wire.end) == ([], "abort")
    assert not any(event[0] in ("end", "failure") for event in exchange.events)


def test_a_request_that_is_not_out_whole_ends_it() -> None:
    talk, _ = declined([SHORT["length"]], owes_body=True)
    assert (talk.free, talk.wire.end) == ([], "abort")


def test_a_pod_that_takes_its_time_ends_it() -> None:
    talk, exchange = declined([SHORT["length"][:-1]])
    assert talk.connection.deadline == talk.clock.now + 1
    talk.connection.expire()
    assert (talk.free, talk.wire.end, exchange.events) == ([], "abort", [("head", 503)])


def test_a_pod_that_hangs_up_harms_nobody() -> None:
    talk, exchange = declined([SHORT["length"][:-1]])
    talk.end()
    assert (talk.free, exchange.events) == ([], [("head", 503)])
