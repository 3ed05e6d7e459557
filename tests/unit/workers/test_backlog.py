from __future__ import annotations

import asyncio

import msgspec
import pytest

from ingressd.routing.delta import Delta
from ingressd.workers.backlog import MAX_BEHIND, Backlog, TableFrame, table_frame
from ingressd.workers.messages import Apply


class _Controller:
    """The current generation, and the whole table of it."""

    def __init__(self) -> None:
        self.generation = 1

        self.is_too_large = False

    def full(self) -> TableFrame | None:
        if self.is_too_large:
            return None
        return table_frame(Delta(self.generation, reset=True))

    def change(self) -> TableFrame:
        self.generation += 1
        return table_frame(Delta(self.generation, removed_hosts=("gone",)))


def _delta(sent: TableFrame) -> Delta:
    return msgspec.msgpack.decode(sent.frame[4:], type=Apply).delta


@pytest.fixture
def controller() -> _Controller:
    return _Controller()


@pytest.fixture
def backlog(controller: _Controller) -> Backlog:
    return Backlog(controller.full)


async def test_nothing_is_due_before_the_first_table(backlog: Backlog) -> None:
    waiting = asyncio.ensure_future(backlog.next())
    done, _ = await asyncio.wait([waiting], timeout=0)
    waiting.cancel()

    assert not done


async def test_the_whole_table_comes_first_then_each_delta(
    backlog: Backlog, controller: _Controller
) -> None:
    backlog.restart()
    first = _delta(await backlog.next())
    backlog.push(controller.change())
    backlog.push(controller.change())

    assert first == Delta(1, reset=True)
    assert [(await backlog.next()).generation for _ in range(2)] == [2, 3]


async def test_the_whole_table_is_asked_for_as_late_as_possible(
    backlog: Backlog, controller: _Controller
) -> None:
    backlog.restart()
    backlog.push(controller.change())
    backlog.push(controller.change())

    assert _delta(await backlog.next()) == Delta(3, reset=True)


async def test_a_delta_that_the_whole_table_held_is_not_sent_again(
    backlog: Backlog, controller: _Controller
) -> None:
    backlog.restart()
    late = controller.change()  # compiled before the table is asked for, published after
    await backlog.next()
    backlog.push(late)
    backlog.push(controller.change())

    assert (await backlog.next()).generation == 3


async def test_a_worker_too_far_behind_gets_the_whole_table(
    backlog: Backlog, controller: _Controller
) -> None:
    backlog.restart()
    await backlog.next()
    for _ in range(MAX_BEHIND + 1):
        backlog.push(controller.change())

    assert _delta(await backlog.next()) == Delta(MAX_BEHIND + 2, reset=True)
    backlog.push(controller.change())
    assert (await backlog.next()).generation == MAX_BEHIND + 3


async def test_serving_begins_with_the_first_confirmation_and_ends_with_the_worker(
    backlog: Backlog,
) -> None:
    backlog.confirm(7)
    assert backlog.generation == 7
    assert backlog.serving.is_set()

    backlog.begin()
    assert backlog.generation == 0
    assert not backlog.serving.is_set()


async def test_the_successor_of_a_worker_starts_with_the_same_generation(
    backlog: Backlog,
) -> None:
    backlog.restart()
    await backlog.next()
    backlog.begin()
    backlog.restart()

    assert _delta(await backlog.next()) == Delta(1, reset=True)


async def test_after_a_lost_delta_the_next_change_is_the_whole_table(
    backlog: Backlog, controller: _Controller
) -> None:
    backlog.restart()
    await backlog.next()
    backlog.push(controller.change())
    controller.change()
    backlog.miss()
    waiting = asyncio.ensure_future(backlog.next())
    assert not (await asyncio.wait([waiting], timeout=0))[0]

    backlog.push(controller.change())
    assert _delta(await waiting) == Delta(4, reset=True)
    backlog.push(controller.change())
    assert (await backlog.next()).generation == 5


async def test_a_whole_table_that_cannot_travel_is_tried_again_with_the_next_change(
    backlog: Backlog, controller: _Controller
) -> None:
    backlog.restart()
    await backlog.next()
    controller.is_too_large = True
    controller.change()
    backlog.restart()
    waiting = asyncio.ensure_future(backlog.next())
    assert not (await asyncio.wait([waiting], timeout=0))[0]

    controller.is_too_large = False
    backlog.push(controller.change())
    assert _delta(await waiting) == Delta(3, reset=True)
