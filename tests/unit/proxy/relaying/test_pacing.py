"""An answer that is held back: what goes out when, and who waits for whom."""

from __future__ import annotations

import pytest
from support.conversations import FakeClock
from support.keepers import Keeper
from support.requests import Wire, get, wire_of

from ingressd.proxy.client.request import Request
from ingressd.proxy.relaying.exchange import CLIENT_WRITE_TIMEOUT
from ingressd.proxy.relaying.pacing import Pace, PacedExchange
from ingressd.proxy.upstream.connection import UpstreamConnection
from ingressd.proxy.upstream.receiver import Failure
from ingressd.routing.global_policy import UpstreamKeepAlive
from ingressd.routing.policy import Bandwidth, Timeouts

BODY = bytes(range(250)) * 2
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
WHOLE = HEAD + BODY
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1f4\r\n%b\r\n0\r\n\r\n" % BODY
ASK = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
SWITCH = b"HTTP/1.1 101 Switching\r\n" + ASK + b"\r\n"


class Slow:
    """A paced exchange between two recording wires, and the clock."""

    def __init__(self, bandwidth: Bandwidth, request: Request | None = None) -> None:
        self.request = request or get()
        self.clock = FakeClock()
        keeper = Keeper()
        self.freed = keeper.free
        self.pod = UpstreamConnection(self.clock, UpstreamKeepAlive(), keeper)
        self.pod_wire = Wire()
        self.pod.connection_made(self.pod_wire)
        self.ends: list[Failure | None] = []
        self.exchange = PacedExchange(
            Pace(bandwidth, self.clock),
            self.request, self.pod, Timeouts(read=9, tunnel=17), self.ends.append,
        )  # fmt: skip
        self.request.client.exchange = self.exchange
        self.pod.begin(self.exchange, b"")

    @property
    def written(self) -> bytes:
        return wire_of(self.request).written

    def tick(self, seconds: float) -> None:
        """Time passes, and the clock looks at its deadlines."""
        self.clock.now += seconds
        if self.exchange in self.clock.watched:
            self.exchange.expire()


@pytest.mark.parametrize("answer", [WHOLE, CHUNKED], ids=["length", "chunked"])
async def test_an_answer_comes_at_its_rate(answer: bytes) -> None:
    slow = Slow(Bandwidth(rate=100, after=50))
    slow.pod.data_received(answer)
    assert len(slow.written) == 150, "what comes before, and one second"
    slow.tick(0.25)
    assert len(slow.written) == 175
    slow.tick(1)
    assert len(slow.written) == 275
    assert slow.ends == []
    slow.tick(10)
    assert slow.written == answer
    assert slow.ends == [None]
    assert slow.request.bytes_sent == len(answer)
    assert slow.exchange not in slow.clock.watched


async def test_an_answer_that_is_slow_anyway_is_not_held() -> None:
    slow = Slow(Bandwidth(rate=1000))
    slow.pod.data_received(WHOLE)
    assert slow.written == WHOLE
    assert slow.ends == [None]
    assert slow.exchange not in slow.clock.watched


async def test_the_pod_waits_and_its_time_does_not_run() -> None:
    slow = Slow(Bandwidth(rate=10))
    slow.pod.data_received(WHOLE[:100])
    assert slow.pod_wire.is_reading_paused
    slow.tick(8.5)
    slow.tick(0.5)
    assert slow.written == WHOLE[:100]
    assert not slow.pod_wire.is_reading_paused
    assert slow.pod.deadline - slow.clock.now == 9
    slow.pod.data_received(WHOLE[100:120])
    assert slow.pod_wire.is_reading_paused
    slow.tick(1)
    assert slow.pod.deadline - slow.clock.now == 9


async def test_a_pod_that_has_given_its_answer_is_free_for_others() -> None:
    slow = Slow(Bandwidth(rate=100))
    slow.pod.data_received(WHOLE)
    assert slow.freed == [slow.pod]
    assert not slow.pod_wire.is_reading_paused
    assert slow.ends == []


async def test_a_client_that_reads_more_slowly_still_gets_no_more() -> None:
    slow = Slow(Bandwidth(rate=100))
    slow.pod.data_received(WHOLE[:300])
    slow.request.client.pause_writing()
    slow.tick(1)
    assert len(slow.written) == 100
    slow.request.client.resume_writing()
    assert slow.pod_wire.is_reading_paused, "there is more to send yet"
    slow.tick(1)
    assert len(slow.written) == 300


async def test_a_client_that_fills_up_on_the_last_held_bytes_holds_the_pod(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow = Slow(Bandwidth(rate=100))
    slow.pod.data_received(WHOLE[:300])
    monkeypatch.setattr(Wire, "write", lambda *_: slow.request.client.pause_writing())
    slow.tick(5)
    assert slow.pod_wire.is_reading_paused
    assert slow.pod.deadline - slow.clock.now == CLIENT_WRITE_TIMEOUT
    slow.request.client.resume_writing()
    assert not slow.pod_wire.is_reading_paused


async def test_a_client_that_reads_nothing_is_cut_in_the_end() -> None:
    slow = Slow(Bandwidth(rate=100))
    slow.pod.data_received(WHOLE)
    slow.request.client.pause_writing()
    slow.tick(CLIENT_WRITE_TIMEOUT - 1)
    assert wire_of(slow.request).end == ""
    slow.tick(1)
    assert wire_of(slow.request).end == "abort"


@pytest.mark.parametrize("is_whole", [True, False])
async def test_nothing_is_left_of_a_client_that_leaves(is_whole: bool) -> None:
    slow = Slow(Bandwidth(rate=100))
    slow.pod.data_received(WHOLE if is_whole else WHOLE[:300])
    slow.exchange.abandon()
    assert slow.exchange not in slow.clock.watched
    assert slow.pod_wire.end == ("" if is_whole else "abort")
    assert slow.ends == []


async def test_an_answer_that_is_cut_cuts_the_client() -> None:
    slow = Slow(Bandwidth(rate=100))
    slow.pod.data_received(WHOLE[:300])
    slow.pod.connection_lost(ConnectionResetError())
    assert wire_of(slow.request).end == "abort"
    assert len(slow.ends) == 1
    assert slow.exchange not in slow.clock.watched


async def test_a_tunnel_is_not_paced() -> None:
    slow = Slow(Bandwidth(rate=1), get(extra=ASK))
    slow.pod.data_received(SWITCH + BODY)
    assert slow.written == SWITCH + BODY
