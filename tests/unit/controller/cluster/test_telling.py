from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec import structs
from support.replicas import KEY, ingress, with_status

from ingressd.controller.cluster.event_plan import NORMAL, WARNING, Involved, Occurrence
from ingressd.controller.cluster.telling import (
    ARRIVAL_SECONDS,
    REPEAT_SECONDS,
    YOUNG_SECONDS,
    Arrival,
    Arrivals,
    Sweep,
    Told,
    announcement,
)
from ingressd.controller.observing import SeenIngress, Served
from ingressd.resources.ingress import Ingress

WEB = Involved("default", "web", "uid-web", "1")
A = Occurrence(WEB, WARNING, "ServiceMissing", "a")
B = Occurrence(WEB, WARNING, "ServiceMissing", "b")
STARTED = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
NEW = SeenIngress(ingress(), is_ours=True)
FOREIGN = SeenIngress(ingress(), is_ours=False)


def watching() -> Arrivals:
    """Whose replica has seen what there was at its start."""
    arrivals = Arrivals(publishes=False, started=STARTED)
    arrivals.begin()
    return arrivals


def made(age: float | None, address: str) -> Ingress:
    """An Ingress that was this old when we started; None where it does not tell."""
    found = with_status(ingress(), *filter(None, (address,)))
    created = None if age is None else f"{datetime.fromtimestamp(STARTED - age, UTC):%FT%TZ}"
    return structs.replace(
        found, metadata=structs.replace(found.metadata, creation_timestamp=created)
    )


def tell(told: Told, now: float, *there: Occurrence) -> list[Occurrence]:
    """What is due, all of which is told at once."""
    due = told.due(KEY, there, now)
    for each in due:
        told.note(KEY, each, now)
    return due


def test_what_was_told_is_not_due_until_it_comes_back_or_gets_old() -> None:
    told = Told()
    assert tell(told, 0, A, B) == [A, B]
    assert tell(told, 10, A, B) == []
    assert tell(told, 20, B) == []
    assert tell(told, 30, A, B) == [A]
    assert tell(told, REPEAT_SECONDS, A, B) == [B]


def test_a_new_version_of_the_ingress_is_nothing_new_to_tell() -> None:
    told = Told()
    tell(told, 0, A)
    later = structs.replace(A, involved=structs.replace(WEB, resource_version="2"))
    assert tell(told, 1, later) == []


def test_what_was_not_told_stays_due() -> None:
    told = Told()
    assert told.due(KEY, [A, B], 0) == [A, B]
    told.note(KEY, A, 0)
    assert told.due(KEY, [A, B], 1) == [B]


def test_after_another_replica_nothing_is_told() -> None:
    told = Told()
    tell(told, 0, A)
    told.clear()
    assert tell(told, 1, A) == [A]


def test_what_was_told_of_an_ingress_that_is_gone_is_forgotten() -> None:
    told = Told()
    tell(told, 0, A)
    told.keep_only({KEY})
    assert tell(told, 1, A) == []
    told.keep_only(set())
    assert tell(told, 2, A) == [A]


def test_a_sweep_hands_out_each_once_and_then_rests() -> None:
    other = KEY._replace(name="other")
    sweep = Sweep(interval=600, first=10)
    assert (sweep.pause(4), sweep.take([KEY, other], 4)) == (6, [])
    taken = sweep.take([KEY, other], 10)
    assert sweep.pause(10) == 0
    taken += sweep.take([], 20)
    assert sorted(taken) == [other, KEY]
    assert (sweep.pause(20), sweep.take([KEY], 20)) == (590, [])
    assert sweep.take([KEY], 610) == [KEY]


def test_a_sweep_over_nothing_rests_too() -> None:
    sweep = Sweep(interval=600, first=10)
    assert sweep.take([], 10) == []
    assert sweep.pause(10) == 600


def test_an_arrival_waits_for_its_generation() -> None:
    arrivals = watching()
    arrivals.note(KEY, NEW, Arrival(7, 0))
    assert arrivals
    assert not arrivals.is_due(6)
    assert arrivals.is_due(7)
    assert arrivals.first() == (KEY, Arrival(7, 0))
    arrivals.drop(KEY, Arrival(7, 0))
    assert not arrivals


def test_an_edit_while_an_ingress_is_announced_is_announced_too() -> None:
    arrivals = watching()
    arrivals.note(KEY, NEW, Arrival(1, 0))
    arrivals.note(KEY, SeenIngress(ingress(generation=2), is_ours=True), Arrival(2, 1))
    arrivals.drop(KEY, Arrival(1, 0))
    assert arrivals.first() == (KEY, Arrival(2, 1))


def test_only_a_new_spec_is_an_arrival() -> None:
    arrivals = watching()
    arrivals.note(KEY, NEW, Arrival(1, 0))
    arrivals.drop(KEY, Arrival(1, 0))
    arrivals.note(
        KEY, SeenIngress(with_status(ingress(), "192.0.2.1"), is_ours=True), Arrival(2, 0)
    )
    assert not arrivals
    arrivals.note(KEY, SeenIngress(ingress(generation=2), is_ours=True), Arrival(3, 0))
    assert arrivals.is_due(3)


@pytest.mark.parametrize(
    ("publishes", "age", "address", "is_news"),
    [
        (True, YOUNG_SECONDS, "", True),
        (True, 0, "192.0.2.1", False),
        (False, YOUNG_SECONDS, "", False),
        (False, YOUNG_SECONDS - 1, "", True),
        (False, 0, "192.0.2.1", False),
        (False, None, "", False),
    ],
)
def test_of_what_was_there_when_we_started_only_what_none_served_before_is_news(
    *, publishes: bool, age: float | None, address: str, is_news: bool
) -> None:
    arrivals = Arrivals(publishes=publishes, started=STARTED)
    arrivals.note(KEY, SeenIngress(made(age, address), is_ours=True), Arrival(1, 0))
    assert bool(arrivals) == is_news


def test_one_that_is_not_ours_or_gone_does_not_arrive() -> None:
    arrivals = watching()
    for seen in (FOREIGN, None):
        arrivals.note(KEY, NEW, Arrival(1, 0))
        arrivals.note(KEY, seen, Arrival(2, 0))
        assert not arrivals


def test_old_news_is_dropped() -> None:
    arrivals = watching()
    arrivals.note(KEY, NEW, Arrival(1, 0))
    arrivals.expire(ARRIVAL_SECONDS)
    assert arrivals
    arrivals.expire(ARRIVAL_SECONDS + 1)
    assert not arrivals


def test_an_announcement_names_some_hosts() -> None:
    assert announcement(WEB, Served(0, ())) is None
    made = announcement(WEB, Served(1, ("",)))
    assert made == Occurrence(WEB, NORMAL, "Synced", "is live: 1 route on any host")
    many = announcement(WEB, Served(9, tuple("abcdefg")))
    assert many is not None
    assert many.message == "is live: 9 routes on a, b, c, d, e and 2 more"
