from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

import pytest
from support.process_tree import is_running
from support.waiting import until

from ingressd.cli.running.handover import Handover, obstacle, own_command
from ingressd.workers.sockets import NOTHING_INHERITED
from ingressd.workers.takeover import Successor, start_successor

HANGS = "import time; time.sleep(60)"
SERVES = """
import os
from ingressd.workers.takeover import find_predecessor
old = find_predecessor(os.environ)
old.announce()
"""


def starting(program: str, started: list[int]) -> Callable[[], Successor]:
    def start() -> Successor:
        successor = start_successor([sys.executable, "-c", program], NOTHING_INHERITED, b"")
        started.append(successor.pid)
        return successor

    return start


async def test_it_ends_once_a_successor_serves() -> None:
    started: list[int] = []
    asked = asyncio.Event()
    asked.set()

    successor = await Handover(starting(SERVES, started), farewell=0).run(asked)
    assert [successor.pid] == started
    await successor.dismiss(60)


async def test_one_that_hangs_is_ended_and_another_one_may_be_asked_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    started: list[int] = []
    asked = asyncio.Event()
    handover = Handover(starting(HANGS, started), farewell=0, patience=0.05)
    running = asyncio.create_task(handover.run(asked))
    for count in (1, 2):
        asked.set()
        await until(lambda: not asked.is_set())
        assert len(started) == count
        assert not is_running(started[-1])
    running.cancel()

    reason = "it does not serve after 0.05 s; this one serves on"
    assert caplog.text.count(f"(pid {started[0]}) cannot take over: {reason}") == 1


async def test_one_that_ends_too_soon_says_how(caplog: pytest.LogCaptureFixture) -> None:
    asked = asyncio.Event()
    handover = Handover(starting("raise SystemExit(3)", []), farewell=0)
    running = asyncio.create_task(handover.run(asked))
    asked.set()
    await until(lambda: not asked.is_set())
    running.cancel()

    assert "cannot take over: it ended with exit code 3; this one serves on" in caplog.text


async def test_cancelling_twice_kills_one_that_is_starting() -> None:
    started: list[int] = []
    asked = asyncio.Event()
    asked.set()
    running = asyncio.create_task(Handover(starting(HANGS, started), farewell=60).run(asked))
    await until(lambda: bool(started))
    running.cancel()
    await asyncio.wait([running], timeout=0.05)
    assert is_running(started[0])

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not is_running(started[0])


async def test_what_cannot_be_started_and_what_is_our_fault_cost_a_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failures = iter([OSError("no more processes"), RuntimeError("a bug")])

    def start() -> Successor:
        raise next(failures)

    asked = asyncio.Event()
    running = asyncio.create_task(Handover(start, farewell=0).run(asked))
    for _ in range(2):
        asked.set()
        await until(lambda: not asked.is_set())
    running.cancel()

    assert "no new process can be started: no more processes; this one serves on" in caplog.text
    assert "handing over failed; this one serves on" in caplog.text
    assert "RuntimeError: a bug" in caplog.text


@pytest.mark.parametrize(
    ("pid", "reads_stdin", "serves", "why"),
    [
        (7, False, True, ""),
        (1, False, True, "roll out another pod"),
        (7, True, True, "standard input"),
        (7, False, False, "ask again"),
    ],
)
def test_where_nobody_can_take_over(pid: int, reads_stdin: bool, serves: bool, why: str) -> None:
    found = obstacle(pid, reads_stdin=reads_stdin, serves=serves)

    assert why in found
    assert bool(why) == bool(found)


async def test_where_nobody_can_take_over_nothing_is_started(
    caplog: pytest.LogCaptureFixture,
) -> None:
    started: list[int] = []
    asked = asyncio.Event()
    running = asyncio.create_task(
        Handover(starting(HANGS, started), 0, lambda: "no way").run(asked)
    )
    asked.set()
    await until(lambda: not asked.is_set())
    running.cancel()

    assert "SIGUSR2: no way" in caplog.text
    assert started == []


def test_the_command_is_ours() -> None:
    assert own_command() == [sys.executable, *sys.orig_argv[1:]]
