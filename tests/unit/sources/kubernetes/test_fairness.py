from __future__ import annotations

from collections.abc import Iterator

from ingressd.resources.metadata import ObjectKey
from ingressd.sources.kubernetes.fairness import AT_ONCE, SHORTEST_PAUSE, Pace, Places, Schedule

ROUND = Pace(30.0, 100)
PROBE = Pace(30.0, 1)


def keys(text: str) -> list[ObjectKey]:
    """``a1 b1`` are two Secrets in the namespaces a and b."""
    return [ObjectKey("Secret", word[0], word[1:]) for word in text.split()]


def waiting(text: str, pace: Pace = AT_ONCE) -> Schedule:
    schedule = Schedule()
    for key in keys(text):
        schedule.put(key, pace, 0.0)
    return schedule


def taken(schedule: Schedule, now: float = 0.0) -> Iterator[ObjectKey]:
    while (key := schedule.take(now)) is not None:
        yield key


def times(schedule: Schedule, until: float) -> list[float]:
    """When somebody was due; whoever is taken waits again as long as the others of its round."""
    due: list[float] = []
    while (now := schedule.next_at()) is not None and now <= until:
        key = schedule.take(now)
        assert key is not None
        schedule.put(key, PROBE, now)
        due.append(now)
    return due


def claimed(limit: int, text: str) -> tuple[Places, list[ObjectKey | None]]:
    places = Places(limit)
    return places, [places.claim(key) for key in keys(text)]


def test_each_namespace_gets_one_in_turn() -> None:
    assert list(taken(waiting("a1 a2 a3 a4 b1 c1 b2"))) == keys("a1 b1 c1 a2 b2 a3 a4")


def test_one_that_is_put_again_goes_to_the_end_of_its_namespace() -> None:
    assert list(taken(waiting("a1 a2 b1 a1"))) == keys("a2 b1 a1")


def test_one_that_is_discarded_no_longer_waits() -> None:
    schedule = waiting("a1 a2 b1")
    for key in keys("a1 b1 b2 c1"):
        schedule.discard(key)
    assert list(taken(schedule)) == keys("a2")
    assert schedule.next_at() is None


def test_nobody_is_due_before_the_time() -> None:
    schedule = waiting("a1", ROUND)
    assert (schedule.take(29.9), schedule.next_at()) == (None, 30.0)
    assert schedule.take(30.0) == keys("a1")[0]


def test_one_that_waits_longer_holds_up_nobody() -> None:
    schedule = waiting("a1", ROUND)
    schedule.put(keys("a2")[0], Pace(1.0, 100), 0.0)
    assert list(taken(schedule, 1.0)) == keys("a2")


def test_of_a_namespace_there_are_no_more_than_so_many_in_a_round() -> None:
    schedule = waiting("a1 a2 a3", PROBE)
    assert times(schedule, 100.0) == [30.0, 60.0, 90.0]
    assert times(waiting("a1 b1", PROBE), 65.0) == [30.0, 30.05, 60.0, 60.05]


def test_those_who_have_waited_do_not_come_all_at_once_and_leave_room_for_who_is_new() -> None:
    schedule = waiting("a1 b1 b2", Pace(30.0, 1000))
    assert schedule.take(30.0) == keys("a1")[0]
    assert schedule.take(30.0) is None
    schedule.put(keys("b9")[0], AT_ONCE, 30.0)
    assert schedule.take(30.0) == keys("b9")[0]
    assert schedule.take(30.0 + SHORTEST_PAUSE) == keys("b1")[0]


def test_those_who_are_hastened_are_due_at_once() -> None:
    schedule = waiting("a1 a2 b1", PROBE)
    schedule.hasten("a", PROBE, 1.0)
    schedule.hasten("c", PROBE, 1.0)
    assert list(taken(schedule, 1.0)) == keys("a1 a2")


def test_one_namespace_may_hold_every_place_and_no_more() -> None:
    _, without = claimed(3, "a1 a2 a3 a4")
    assert without == [None, None, None, *keys("a4")]


def test_whoever_is_behind_gets_the_latest_place_of_whoever_has_most() -> None:
    _, without = claimed(4, "a1 a2 a3 a4 b1 b2 b3 a5 c1")
    assert without == [None, None, None, None, *keys("a4 a3 b3 a5 a2")]


def test_with_as_many_namespaces_as_places_each_has_one() -> None:
    _, without = claimed(2, "a1 a2 b1 c1")
    assert without == [None, None, *keys("a2 c1")]


def test_a_place_that_is_released_is_free() -> None:
    places, _ = claimed(1, "a1")
    for key in keys("b9 a1 a1"):
        places.release(key)
    assert [places.claim(key) for key in keys("b1 b2")] == [None, *keys("b2")]
