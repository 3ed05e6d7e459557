"""Deadlines, with a loop whose time a test sets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from ingressd.proxy.clock import AT_ONCE, NEVER, TICK, Clock


class FakeHandle:
    def __init__(self) -> None:
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class FakeLoop(asyncio.AbstractEventLoop):
    """Holds the one timer of a clock."""

    def __init__(self) -> None:
        self.now = 50.0
        self.delay = 0.0
        self.handle = FakeHandle()
        self.callback: Callable[[], object] | None = None
        self.soon: list[Callable[[], object]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Any, *args: Any, **_: Any) -> Any:
        self.delay, self.callback, self.handle = delay, callback, FakeHandle()
        return self.handle

    def call_soon(self, callback: Any, *args: Any, **_: Any) -> Any:
        self.soon.append(partial(callback, *args))
        return FakeHandle()

    def turn(self) -> None:
        soon, self.soon = self.soon, []
        for callback in soon:
            callback()

    def advance(self, seconds: float) -> None:
        self.now += seconds
        assert self.callback is not None
        self.callback()


class Item:
    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.expired = 0

    def expire(self) -> None:
        self.expired += 1


def started() -> tuple[FakeLoop, Clock]:
    loop = FakeLoop()
    clock = Clock(loop)
    clock.start()
    return loop, clock


def test_now_is_the_loops_time_at_the_last_tick() -> None:
    loop, clock = started()
    assert (clock.now, loop.delay) == (50.0, TICK)
    loop.now += 1
    assert clock.now == 50.0
    loop.advance(0)
    assert clock.now == 51.0


def test_a_deadline_fires_once_it_has_passed_and_each_tick_until_it_is_moved() -> None:
    loop, clock = started()
    item, other = Item(50.5), Item(NEVER)
    clock.watch(item)
    clock.watch(other)
    loop.advance(0.4)
    assert item.expired == 0
    loop.advance(0.1)
    loop.advance(0.1)
    assert item.expired == 2
    item.deadline = 100
    loop.advance(1)
    assert (item.expired, other.expired) == (2, 0)


def test_what_is_not_watched_does_not_expire() -> None:
    loop, clock = started()
    item = Item(0)
    clock.watch(item)
    clock.unwatch(item)
    clock.unwatch(item)
    loop.advance(1)
    assert item.expired == 0


def test_an_item_may_unwatch_itself_as_it_expires() -> None:
    loop, clock = started()
    item = Item(0)
    item.expire = lambda: clock.unwatch(item)  # type: ignore[method-assign]
    clock.watch(item)
    loop.advance(1)
    assert clock._watched == set()


def test_time_goes_on_when_an_item_fails() -> None:
    loop, clock = started()
    item = Item(0)
    item.expire = lambda: 1 / 0  # type: ignore[method-assign, assignment, return-value]
    clock.watch(item)
    handle = loop.handle
    with pytest.raises(ZeroDivisionError):
        loop.advance(1)
    assert loop.handle is not handle


def test_a_stopped_clock_has_no_timer() -> None:
    loop, clock = started()
    clock.stop()
    assert loop.handle.is_cancelled
    Clock(loop).stop()  # one that never started


def test_many_deadlines_take_several_turns_of_the_loop() -> None:
    loop, clock = started()
    items = [Item(50) for _ in range(2 * AT_ONCE + 1)]
    for item in items:
        clock.watch(item)
    loop.advance(1)
    assert sum(item.expired for item in items) == AT_ONCE
    loop.turn()
    assert sum(item.expired for item in items) == 2 * AT_ONCE
    loop.turn()
    assert [item.expired for item in items] == [1] * len(items)
    assert loop.soon == []


def test_what_is_moved_or_forgotten_before_its_turn_does_not_fire() -> None:
    loop, clock = started()
    items = [Item(50) for _ in range(AT_ONCE + 2)]
    for item in items:
        clock.watch(item)
    loop.advance(1)
    moved, forgotten = (item for item in items if not item.expired)
    moved.deadline = 100
    clock.unwatch(forgotten)
    loop.turn()
    assert (moved.expired, forgotten.expired) == (0, 0)
