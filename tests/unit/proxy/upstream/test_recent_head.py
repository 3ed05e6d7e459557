"""An answer that begins like the last one means what it would mean on a fresh connection."""

from __future__ import annotations

import asyncio

import pytest
from support.keepers import Keeper
from support.pods import cuts
from support.requests import Wire, get, received, wire_of

from ingressd.proxy.client.request import Request
from ingressd.proxy.clock import Clock
from ingressd.proxy.relaying.exchange import Exchange
from ingressd.proxy.upstream.connection import UpstreamConnection
from ingressd.proxy.upstream.receiver import Failure
from ingressd.proxy.upstream.recent_head import RecentHead
from ingressd.proxy.upstream.response_head import Framing, ResponseHead
from ingressd.routing.global_policy import UpstreamKeepAlive
from ingressd.routing.policy import Timeouts

HEAD = b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 5\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

ANSWERS = {
    "the same": HEAD + b"hello",
    "the same head, another body": HEAD + b"howdy",
    "another head": b"HTTP/1.1 200 OK\r\nX: z\r\nContent-Length: 5\r\n\r\nhello",
    "another length": b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 15\r\n\r\n" + b"hello" * 3,
    "no body": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "interim": CONTINUE + HEAD + b"hello",
    "its head within chunks": CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(HEAD), HEAD),
    "closing": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    "until the end": b"HTTP/1.1 200 OK\r\n\r\nsome",
    "bytes too many": HEAD + b"hello!",
    "garbage": b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: five\r\n\r\n",
}
Outcome = tuple[bytes, list[Failure | None], str, int]


class Pod:
    """A connection that answers one exchange after the other."""

    def __init__(self) -> None:
        keeper = Keeper()
        self.free = keeper.free
        clock = Clock(asyncio.get_running_loop())
        self.connection = UpstreamConnection(clock, UpstreamKeepAlive(), keeper)
        self.connection.connection_made(Wire())

    def answer(self, request: Request, pieces: list[bytes]) -> Outcome:
        """What the client got, how it ended, and what became of the connection."""
        ends: list[Failure | None] = []
        connection, wire = self.connection, self.connection.transport
        assert isinstance(wire, Wire)
        before = len(self.free)
        connection.begin(Exchange(request, connection, Timeouts(), ends.append), b"")
        for piece in pieces:
            if not wire.end:
                connection.data_received(piece)
        return wire_of(request).written, ends, wire.end, len(self.free) - before


@pytest.mark.parametrize("name", ANSWERS)
async def test_after_another_answer(name: str) -> None:
    for pieces in cuts(ANSWERS[name]):
        fresh, used = Pod(), Pod()
        used.answer(get(), [ANSWERS["the same"]])
        assert used.answer(get(), pieces) == fresh.answer(get(), pieces)


@pytest.mark.parametrize("before", ["interim", "another head", "no body", "its head within chunks"])
async def test_after_each_kind_of_answer(before: str) -> None:
    for pieces in cuts(ANSWERS["the same"]):
        fresh, used = Pod(), Pod()
        for _ in range(2):
            used.answer(get(), [ANSWERS[before]])
        assert used.answer(get(), pieces) == fresh.answer(get(), pieces)


async def test_to_a_head_request() -> None:
    fresh, used = Pod(), Pod()
    used.answer(get(), [ANSWERS["the same"]])
    asked = [received(b"HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n") for _ in range(2)]
    assert used.answer(asked[0], [HEAD]) == fresh.answer(asked[1], [HEAD])


async def test_the_same_head_again_is_not_parsed() -> None:
    pod = Pod()
    pod.answer(get(), [ANSWERS["the same"]])
    reader = pod.connection._reader
    parser, reader._parser = reader._parser, None
    assert pod.answer(get(), [ANSWERS["the same head, another body"]])[0].endswith(b"howdy")
    assert (parser is not None, reader._parser) == (True, None)


def test_only_a_head_with_nothing_before_it_is_learnt() -> None:
    recent = RecentHead()
    head = ResponseHead(200, b"OK", [], Framing.LENGTH, 5, b"")
    recent.learn(CONTINUE + HEAD + b"he", head, 3)
    assert recent.rest_of(HEAD) is None
    recent.learn(HEAD + b"he", head, 3)
    assert recent.rest_of(HEAD + b"llo") == b"llo"
    assert recent.rest_of(HEAD + bytes(9000)) == bytes(9000)
    assert recent.rest_of(HEAD[:-1]) is None
