"""One try: what the client gets of a pod's answer, and who waits for whom."""

from __future__ import annotations

import asyncio

import pytest
from support.keepers import Keeper
from support.requests import Wire, get, received, wire_of

from ingressd.proxy.client.request import Request
from ingressd.proxy.client.roles import Edit, FixedEdits
from ingressd.proxy.clock import Clock
from ingressd.proxy.relaying.exchange import CLIENT_WRITE_TIMEOUT, Exchange, last_chunk
from ingressd.proxy.upstream.connection import UpstreamConnection
from ingressd.proxy.upstream.receiver import Failure
from ingressd.proxy.upstream.response_head import Framing, ResponseHead
from ingressd.routing.global_policy import UpstreamKeepAlive
from ingressd.routing.policy import Timeouts

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
STREAM = b"HTTP/1.1 200 OK\r\n\r\nsome"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 2\r\n\r\n"


class Try:
    """An exchange between two recording wires."""

    def __init__(self, request: Request, *, owes_body: bool = False) -> None:
        self.request = request
        keeper = Keeper()
        self.freed = keeper.free
        clock = Clock(asyncio.get_running_loop())
        self.pod = UpstreamConnection(clock, UpstreamKeepAlive(), keeper)
        self.pod_wire = Wire()
        self.pod.connection_made(self.pod_wire)
        self.ends: list[Failure | None] = []
        timeouts = Timeouts(read=9, send=8, tunnel=17)
        self.exchange = Exchange(request, self.pod, timeouts, self.ends.append)
        request.client.exchange = self.exchange
        self.pod.begin(self.exchange, b"", owes_body=owes_body)

    def remaining(self) -> float:
        return self.pod.deadline - self.pod._clock.now


@pytest.mark.parametrize(
    ("raw", "answer", "expected"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", OK, OK),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", CHUNKED,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\nok\r\n0\r\nX-Sum: 2\r\n\r\n",
        ),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", OK,
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        ),
        (
            b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", OK,
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok",
        ),
        (
            b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", CHUNKED,
            b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok",
        ),
    ],
)  # fmt: skip
async def test_what_the_client_gets(raw: bytes, answer: bytes, expected: bytes) -> None:
    attempt = Try(received(raw))
    attempt.pod.data_received(answer)
    assert wire_of(attempt.request).written == expected
    assert attempt.ends == [None]
    assert attempt.request.bytes_sent == len(expected)
    assert attempt.freed == [attempt.pod]


@pytest.mark.parametrize("kind", [FixedEdits, tuple])
async def test_what_is_made_of_a_head_is_made_once_if_it_is_for_everybody(
    kind: type[tuple[Edit, ...]],
) -> None:
    asked: list[list[bytes]] = []

    def add(request: Request, status: int, lines: list[bytes]) -> list[bytes]:
        asked.append(lines)
        return [*lines, b"X-Seen: %d\r\n" % status]

    head = ResponseHead(200, b"OK", [b"A: b\r\n"], Framing.LENGTH, 0, b"")
    edits, others = kind((add,)), kind((add, add))
    for edits_of_one, times in ((edits, 1), (edits, 1), (others, 2), (edits, 1)):
        attempt = Try(get())
        attempt.request.relay_edits = edits_of_one
        attempt.exchange.on_head(head)
        attempt.exchange.on_end([])
        assert wire_of(attempt.request).written == (
            b"HTTP/1.1 200 OK\r\nA: b\r\n%bContent-Length: 0\r\n\r\n" % (b"X-Seen: 200\r\n" * times)
        )
    assert len(asked) == (4 if kind is FixedEdits else 5)
    assert head.lines == [b"A: b\r\n"]


async def test_an_unfinished_request_body_ends_both_connections() -> None:
    request = received(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx")
    attempt = Try(request, owes_body=True)
    attempt.pod.data_received(OK)
    assert not request.keep_alive
    assert (attempt.freed, attempt.pod_wire.end) == ([], "abort")


async def test_nothing_touches_a_connection_that_serves_another_request_by_now() -> None:
    attempt = Try(get())
    attempt.pod.data_received(OK)
    following = Exchange(get(), attempt.pod, Timeouts(), attempt.ends.append)
    attempt.pod.begin(following, b"next", owes_body=True)
    deadline = attempt.pod.deadline
    attempt.exchange.wait_for_client(1)
    attempt.exchange.wait_for_pod()
    await attempt.exchange.send_body(b"late")
    attempt.exchange.end_body()
    attempt.exchange.cancel(Failure.CLIENT_BODY)
    attempt.exchange.on_client_full()
    attempt.exchange.on_client_writable()
    attempt.exchange.abandon()
    assert attempt.pod_wire.written == b"next"
    assert (attempt.pod.deadline, attempt.pod.owes_body) == (deadline, True)
    assert attempt.pod.exchange is following


async def test_a_client_that_reads_slowly_holds_the_pod_back() -> None:
    attempt = Try(get())
    attempt.pod.data_received(STREAM)
    attempt.request.client.pause_writing()
    assert attempt.pod_wire.is_reading_paused
    assert attempt.remaining() == CLIENT_WRITE_TIMEOUT
    attempt.request.client.resume_writing()
    assert not attempt.pod_wire.is_reading_paused
    assert attempt.remaining() == 9


async def test_a_client_that_is_full_from_before_holds_the_pod_back_at_once() -> None:
    attempt = Try(get())
    attempt.request.client._paused = True
    attempt.pod.data_received(STREAM)
    assert attempt.pod_wire.is_reading_paused


async def test_a_client_that_fills_up_on_the_last_bytes_does_not_hold_the_free_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attempt = Try(get())
    monkeypatch.setattr(Wire, "write", lambda *_: attempt.request.client.pause_writing())
    attempt.pod.data_received(OK)
    assert attempt.freed == [attempt.pod]
    assert not attempt.pod_wire.is_reading_paused
    assert attempt.remaining() == 4


async def test_the_body_waits_for_a_pod_that_is_full() -> None:
    attempt = Try(get())
    attempt.pod.pause_writing()
    assert attempt.remaining() == 8
    sending = asyncio.ensure_future(attempt.exchange.send_body(b"piece"))
    await asyncio.sleep(0)
    assert not sending.done()
    attempt.pod.resume_writing()
    await sending
    assert attempt.remaining() == 9


async def test_the_body_waits_no_longer_once_the_answer_is_over() -> None:
    attempt = Try(get())
    attempt.pod.pause_writing()
    sending = asyncio.ensure_future(attempt.exchange.send_body(b"piece"))
    await asyncio.sleep(0)
    attempt.pod.connection_lost(None)
    await sending
    assert attempt.ends == [Failure.CLOSED]


@pytest.mark.parametrize(("answer", "end"), [(b"HTTP/1.1 200", ""), (STREAM, "abort")])
async def test_a_client_that_has_seen_a_part_is_cut(answer: bytes, end: str) -> None:
    attempt = Try(get())
    attempt.pod.data_received(answer)
    attempt.pod.connection_lost(ConnectionResetError())
    assert wire_of(attempt.request).end == end
    assert attempt.ends[0] in (Failure.CUT, Failure.CLOSED)


async def test_a_client_that_is_gone_takes_the_pods_connection_along() -> None:
    attempt = Try(get())
    attempt.exchange.abandon()
    assert attempt.pod_wire.end == "abort"


ASK = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
SWITCH = b"HTTP/1.1 101 Switching\r\n" + ASK + b"\r\n"


async def test_a_tunnel_has_a_timeout_of_its_own() -> None:
    attempt = Try(get())
    longer_read = Exchange(get(), attempt.pod, Timeouts(read=60, tunnel=1), print)
    assert (attempt.exchange.tunnel_timeout, longer_read.tunnel_timeout) == (17, 1)


async def test_a_switch_and_the_end_of_a_tunnel() -> None:
    attempt = Try(get(extra=ASK))
    attempt.pod.data_received(SWITCH + b"hi")
    assert wire_of(attempt.request).written == SWITCH + b"hi"
    attempt.request.client.data_received(b"from the client")
    assert attempt.pod_wire.written == b"from the client"
    attempt.pod.pause_writing()
    assert wire_of(attempt.request).is_reading_paused
    attempt.pod.resume_writing()
    assert not wire_of(attempt.request).is_reading_paused
    assert attempt.remaining() == 17
    attempt.pod.connection_lost(None)
    assert wire_of(attempt.request).end == "close"
    assert attempt.ends == [None]


async def test_a_pod_full_of_what_a_client_sent_ahead_still_holds_it_back() -> None:
    attempt = Try(get(extra=ASK))
    attempt.pod.pause_writing()
    attempt.pod.data_received(SWITCH)
    assert wire_of(attempt.request).is_reading_paused


def test_trailers_that_would_change_the_message_stay_behind() -> None:
    trailers = [(b"X-Sum", b"1"), (b"Content-Length", b"9"), (b"Set-Cookie", b"a=b")]
    assert last_chunk(trailers) == b"0\r\nX-Sum: 1\r\n\r\n"
    assert last_chunk([]) == b"0\r\n\r\n"
