"""Requests that wait for nothing but their pod are answered without waking aiohttp's task."""

from __future__ import annotations

import asyncio

from support.proxies import SETTINGS
from support.requests import Wire
from support.waiting import until

from ingressd.proxy.client.connection import KEEP, ClientConnection, Reply
from ingressd.proxy.client.front import Front
from ingressd.proxy.client.request import Request
from ingressd.proxy.clock import Clock
from ingressd.proxy.observing.metrics import Metrics


def ask(path: bytes, extra: bytes = b"") -> bytes:
    return b"GET %b HTTP/1.1\r\nHost: a\r\n%b\r\n" % (path, extra)


class Recorder:
    """Begins what is not below /wait, and answers in its own time."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.begun: list[Request] = []

    def begin(self, request: Request) -> bool:
        self.begun.append(request)
        if request.target.startswith("/wait"):
            return False
        self.log.append(f"begin {request.target}")
        request.keep_alive = request.keep_alive and request.target != "/last"
        if request.target in ("/now", "/last"):
            self.answer(request)
        return True

    def answer(self, request: Request) -> None:
        request.client.request = None
        request.client.answered(request)

    async def __call__(self, request: Request) -> Reply:
        kind = "same" if request in self.begun else "new"
        self.log.append(f"task {request.target} {kind}")
        return KEEP

    def abandon(self, request: Request) -> None:
        self.log.append(f"abandon {request.target}")

    def refuse(self, request: Request, status: int) -> Reply:
        self.log.append(f"refuse {status}")
        return KEEP


async def connected() -> tuple[Recorder, ClientConnection, Wire]:
    recorder, wire = Recorder(), Wire()
    front = Front(recorder, SETTINGS, Metrics(), Clock(asyncio.get_running_loop()))
    connection = front.connection("http")
    connection.connection_made(wire)
    await turn()
    return recorder, connection, wire


async def turn() -> None:
    """Let every callback run that is due, and those that they cause."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_after_the_other_on_one_connection() -> None:
    recorder, connection, wire = await connected()
    connection.data_received(ask(b"/1") + ask(b"/2") + ask(b"/now"))
    await turn()
    assert recorder.log == ["begin /1"]
    assert not connection.is_idle
    for expected in ("/2", "/now"):
        recorder.answer(recorder.begun[-1])
        await turn()
        assert recorder.log[-1] == f"begin {expected}"
    assert connection.is_idle
    assert not wire.end


async def test_many_that_are_answered_at_once() -> None:
    recorder, connection, _ = await connected()
    connection.data_received(ask(b"/now") * 20)
    await turn()
    assert recorder.log == ["begin /now"] * 20
    assert connection.is_idle


async def test_what_must_wait_goes_to_the_task_in_its_turn() -> None:
    recorder, connection, _ = await connected()
    connection.data_received(ask(b"/wait") + ask(b"/2"))
    await turn()
    assert recorder.log == ["task /wait same", "task /2 new"]
    assert connection.is_idle
    connection.data_received(ask(b"/3"))
    assert recorder.log[-1] == "begin /3"


async def test_what_was_begun_may_turn_out_to_wait() -> None:
    recorder, connection, _ = await connected()
    connection.data_received(ask(b"/1"))
    connection.wait_for(recorder.begun[0])
    await turn()
    assert recorder.log == ["begin /1", "task /1 same"]


async def test_the_rest_of_a_body_is_waited_for_by_the_task() -> None:
    recorder, connection, _ = await connected()
    connection.data_received(ask(b"/1", b"Content-Length: 2\r\n") + b"o")
    connection.data_received(b"k")
    await turn()
    assert recorder.log == ["task /1 new"]


async def test_the_last_answer_closes_the_connection() -> None:
    recorder, connection, wire = await connected()
    connection.data_received(ask(b"/1", b"Connection: close\r\n"))
    recorder.answer(recorder.begun[0])
    assert wire.end == "close"


async def test_a_client_that_leaves_is_told_of_once() -> None:
    recorder, connection, _ = await connected()
    connection.data_received(ask(b"/1"))
    connection.connection_lost(None)
    await turn()
    assert recorder.log == ["begin /1", "abandon /1"]


async def test_garbage_is_refused_in_its_turn() -> None:
    recorder, connection, _ = await connected()
    connection.data_received(ask(b"/1"))
    connection.data_received(b"nonsense\r\n\r\n")
    await turn()
    assert recorder.log == ["begin /1"]
    recorder.answer(recorder.begun[0])
    await turn()
    assert recorder.log == ["begin /1", "refuse 400"]


async def test_nothing_is_begun_after_the_last_answer() -> None:
    recorder, connection, wire = await connected()
    connection.data_received(ask(b"/last") + ask(b"/2"))
    await turn()
    assert (recorder.log, wire.end) == (["begin /last"], "half-close")


async def test_a_client_may_go_on_sending_until_it_has_seen_the_last_answer() -> None:
    recorder, connection, wire = await connected()
    connection.data_received(ask(b"/last"))
    connection.data_received(ask(b"/2"))
    assert (recorder.log, wire.end) == (["begin /last"], "half-close")
    connection.expire()
    assert wire.end == "close"


async def test_nothing_is_begun_for_a_client_that_has_left() -> None:
    recorder, connection, _ = await connected()
    connection.data_received(ask(b"/1") + ask(b"/2"))
    recorder.answer(recorder.begun[0])
    connection.connection_lost(None)
    await turn()
    assert recorder.log == ["begin /1"]


async def test_what_was_handed_to_the_task_is_abandoned_with_the_client() -> None:
    recorder, connection, _ = await connected()
    connection.data_received(ask(b"/wait"))
    connection.connection_lost(None)
    await turn()
    assert recorder.log == ["abandon /wait"]


async def test_more_than_the_queue_holds() -> None:
    recorder, connection, wire = await connected()
    connection.data_received(ask(b"/1"))
    connection.data_received(ask(b"/now") * 100)
    assert wire.is_reading_paused
    recorder.answer(recorder.begun[0])
    await until(lambda: len(recorder.log) == 101)
    assert connection.is_idle
    assert not wire.is_reading_paused


async def test_a_client_that_does_not_read_is_not_answered() -> None:
    recorder, connection, _ = await connected()
    connection.pause_writing()
    connection.data_received(ask(b"/1"))
    await turn()
    assert recorder.log == []
    connection.resume_writing()
    assert recorder.log == ["begin /1"]


async def test_a_half_closed_client_gets_all_its_answers() -> None:
    recorder, connection, wire = await connected()
    connection.data_received(ask(b"/wait"))  # so that there is a task that sleeps
    await turn()
    connection.data_received(ask(b"/1") + ask(b"/2"))
    recorder.answer(recorder.begun[-1])
    assert connection.eof_received()
    await turn()
    assert (recorder.log[-1], wire.end) == ("begin /2", "")
    recorder.answer(recorder.begun[-1])
    assert wire.end == "close"


async def test_half_a_head_behind_a_request_waits_for_its_answer() -> None:
    recorder, connection, wire = await connected()
    connection.data_received(ask(b"/1"))
    connection.data_received(ask(b"/2")[:9])
    connection.expire()
    assert not wire.end
    recorder.answer(recorder.begun[0])
    connection.expire()
    await turn()
    assert recorder.log == ["begin /1", "refuse 408"]
