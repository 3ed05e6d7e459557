"""When memory counts as running out."""

from __future__ import annotations

import pytest

from ingressd.proxy.overload.gauge import Use
from ingressd.proxy.overload.pressure import LEAST_ROOM, Pressure

LIMIT = 100 * LEAST_ROOM


def use(percent: float) -> Use:
    return Use(int(LIMIT * percent / 100), LIMIT)


def judged(*percents: float) -> list[bool]:
    pressure, seen = Pressure("memory"), []
    for percent in percents:
        pressure.judge(use(percent))
        seen.append(pressure.is_high)
    return seen


def test_it_is_high_above_the_one_threshold_until_it_is_below_the_other() -> None:
    percents = (10, 89, 91, 89, 86, 84, 89, 91)
    assert judged(*percents) == [False, False, True, True, True, False, False, True]


def test_without_a_limit_it_is_never_high() -> None:
    pressure = Pressure("memory")
    pressure.judge(Use(1 << 50, 0))
    assert not pressure.is_high
    assert not pressure.is_cramped(Use(1 << 50, 0))
    assert pressure.room(Use(1 << 50, 0)) == float("inf")


def test_a_limit_that_the_worker_needs_for_itself_refuses_nobody_at_once() -> None:
    pressure, own = Pressure("memory"), 2 * LIMIT
    pressure.own = own
    for more, is_high in ((0, False), (LEAST_ROOM, False), (own // 2, True), (LEAST_ROOM, False)):
        pressure.judge(Use(own + more, LIMIT))
        assert pressure.is_high == is_high, more


@pytest.mark.parametrize(("own", "is_cramped"), [(0, False), (80, False), (84.5, True), (99, True)])
def test_a_limit_is_cramped_where_it_leaves_little(own: float, is_cramped: bool) -> None:
    pressure = Pressure("memory")
    pressure.own = int(LIMIT * own / 100)
    assert pressure.is_cramped(use(own)) == is_cramped
    assert pressure.room(use(own)) >= LEAST_ROOM - 1


def test_what_is_given_back_was_not_needed() -> None:
    pressure = Pressure("memory")
    pressure.own = LIMIT
    pressure.judge(use(50))
    assert pressure.own == LIMIT // 2
