"""An answer that waits for its client: how long, and what becomes of both sides."""

from __future__ import annotations

import pytest
from support.conversations import FakeClock
from support.keepers import Keeper
from support.requests import Wire, get, wire_of

from ingressd.proxy.bodies.temporary_files import TemporaryFile, TemporaryFiles
from ingressd.proxy.relaying.buffering import BufferedExchange, Storage
from ingressd.proxy.relaying.exchange import CLIENT_WRITE_TIMEOUT
from ingressd.proxy.upstream.connection import UpstreamConnection
from ingressd.proxy.upstream.receiver import Failure
from ingressd.routing.global_policy import UpstreamKeepAlive
from ingressd.routing.policy import Buffering, Timeouts

SIZE = 300 * 1024
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE
ASK = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
WAITING = Buffering(answers=True)


class Talk:
    """A buffered exchange between two recording wires, and the clock."""

    def __init__(self, buffering: Buffering = WAITING, extra: bytes = b"") -> None:
        self.request = get(extra=extra)
        self.clock = FakeClock()
        keeper = Keeper()
        self.freed = keeper.free
        self.pod = UpstreamConnection(self.clock, UpstreamKeepAlive(), keeper)
        self.pod_wire = Wire()
        self.pod.connection_made(self.pod_wire)
        self.ends: list[Failure | None] = []
        storage = Storage(buffering, TemporaryFiles(), self.clock)
        self.exchange = BufferedExchange(
            storage, self.request, self.pod, Timeouts(read=9, tunnel=17), self.ends.append
        )
        self.request.client.exchange = self.exchange
        self.pod.begin(self.exchange, b"")

    @property
    def written(self) -> bytes:
        return wire_of(self.request).written

    @property
    def is_watched(self) -> bool:
        return self.exchange in self.clock.watched

    def client_stops(self) -> None:
        self.request.client.pause_writing()  # type: ignore[attr-defined]

    def client_reads(self) -> None:
        self.request.client.resume_writing()  # type: ignore[attr-defined]


async def test_the_pod_is_free_while_the_client_reads() -> None:
    talk = Talk()
    body = bytes(SIZE)
    talk.pod.data_received(HEAD + body[:1000])
    talk.client_stops()
    assert len(talk.written) == len(HEAD) + 1000
    talk.pod.data_received(body[1000:])
    assert talk.freed == [talk.pod]
    assert talk.is_watched
    assert not talk.ends
    talk.client_reads()
    assert talk.written == HEAD + body
    assert talk.request.bytes_sent == len(talk.written)
    assert talk.ends == [None]
    assert not talk.is_watched


@pytest.mark.parametrize(("asked", "waits"), [(b"no", False), (b"NO", False), (b"yes", True)])
async def test_a_pod_may_ask_to_wait_for_the_client_itself(asked: bytes, waits: bool) -> None:
    talk = Talk()
    field = b"\r\nX-Accel-Buffering: %b\r\n\r\n" % asked
    talk.pod.data_received(HEAD.replace(b"\r\n\r\n", field) + bytes(1000))
    talk.client_stops()
    assert talk.pod_wire.is_reading_paused is not waits
    assert talk.is_watched is waits
    talk.client_reads()
    assert not talk.pod_wire.is_reading_paused
    assert talk.written == HEAD + bytes(1000)


async def test_a_pod_that_has_given_all_there_is_room_for_waits_and_goes_on() -> None:
    talk = Talk(Buffering(answers=True, answer_file=0))
    talk.client_stops()
    talk.pod.data_received(HEAD + bytes(100 * 1024))
    assert talk.pod_wire.is_reading_paused
    assert talk.pod.deadline == float("inf")
    talk.client_reads()
    assert not talk.pod_wire.is_reading_paused
    assert talk.pod.deadline == talk.clock.now + 9
    talk.pod.data_received(bytes(SIZE - 100 * 1024))
    assert talk.written == HEAD + bytes(SIZE)
    assert talk.ends == [None]


async def test_a_client_that_reads_nothing_is_cut() -> None:
    talk = Talk()
    talk.client_stops()
    assert talk.exchange.deadline == talk.clock.now + CLIENT_WRITE_TIMEOUT
    talk.clock.now += 50
    talk.pod.data_received(HEAD)
    assert talk.exchange.deadline == talk.clock.now - 50 + CLIENT_WRITE_TIMEOUT
    talk.client_reads()
    talk.client_stops()
    assert talk.exchange.deadline == talk.clock.now + CLIENT_WRITE_TIMEOUT
    talk.exchange.expire()
    assert wire_of(talk.request).end == "abort"
    talk.exchange.abandon()
    assert not talk.is_watched
    assert talk.pod_wire.end == "abort"


async def test_what_waits_is_dropped_with_a_pod_that_fails() -> None:
    talk = Talk()
    talk.pod.data_received(HEAD)
    talk.client_stops()
    talk.pod.data_received(bytes(SIZE - 1))
    talk.pod.connection_lost(None)
    assert talk.ends == [Failure.CLOSED]
    assert wire_of(talk.request).end == "abort"
    assert not talk.is_watched


async def test_a_disk_that_fails_cuts_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: TemporaryFile, offset: int) -> bytes:
        raise OSError("input/output error")

    talk = Talk()
    talk.pod.data_received(HEAD)
    talk.client_stops()
    talk.pod.data_received(bytes(SIZE))
    monkeypatch.setattr(TemporaryFile, "read", broken)
    talk.client_reads()
    assert wire_of(talk.request).end == "abort"
    talk.exchange.abandon()
    assert not talk.is_watched


async def test_a_tunnel_does_not_wait_here() -> None:
    talk = Talk(extra=ASK)
    talk.pod.data_received(b"HTTP/1.1 101 Switching\r\n" + ASK + b"\r\n")
    talk.client_stops()
    assert talk.pod_wire.is_reading_paused
    assert not talk.is_watched
