from __future__ import annotations

from msgspec import structs
from support.replicas import KEY, ingress, with_status

from ingressd.controller.cluster.event_plan import NORMAL, WARNING, Involved, Occurrence
from ingressd.controller.cluster.telling import (
    ARRIVAL_SECONDS,
    REPEAT_SECONDS,
    Arrival,
    Arrivals,
    Told,
    announcement,
)
from ingressd.controller.observing import SeenIngress, Served

WEB = Involved("default", "web", "uid-web", "1")
A = Occurrence(WEB, WARNING, "ServiceMissing", "a")
B = Occurrence(WEB, WARNING, "ServiceMissing", "b")
NEW = SeenIngress(ingress(), is_ours=True)
FOREIGN = SeenIngress(ingress(), is_ours=False)


def test_what_was_told_is_not_due_until_it_comes_back_or_gets_old() -> None:
    told = Told()
    assert told.due(KEY, [A, B], 0) == [A, B]
    assert told.due(KEY, [A, B], 10) == []
    assert told.due(KEY, [B], 20) == []
    assert told.due(KEY, [A, B], 30) == [A]
    assert told.due(KEY, [A, B], REPEAT_SECONDS) == [B]


def test_a_new_version_of_the_ingress_is_nothing_new_to_tell() -> None:
    told = Told()
    told.due(KEY, [A], 0)
    later = structs.replace(A, involved=structs.replace(WEB, resource_version="2"))
    assert told.due(KEY, [later], 1) == []


def test_what_could_not_be_told_is_due_again() -> None:
    told = Told()
    told.due(KEY, [A, B], 0)
    told.retract(KEY, A)
    assert told.due(KEY, [A, B], 1) == [A]


def test_the_next_term_begins_with_nothing_told() -> None:
    told = Told()
    told.due(KEY, [A], 0)
    told.clear()
    assert told.due(KEY, [A], 1) == [A]


def test_an_arrival_waits_for_its_generation() -> None:
    arrivals = Arrivals()
    arrivals.begin()
    arrivals.note(KEY, NEW, Arrival(7, 0))
    assert arrivals
    assert not arrivals.is_due(6)
    assert arrivals.is_due(7)
    assert arrivals.take() == (KEY, Arrival(7, 0))
    assert not arrivals
    arrivals.put_back(KEY, Arrival(7, 0))
    assert arrivals.is_due(7)


def test_only_a_new_spec_is_an_arrival() -> None:
    arrivals = Arrivals()
    arrivals.begin()
    arrivals.note(KEY, NEW, Arrival(1, 0))
    arrivals.take()
    arrivals.note(
        KEY, SeenIngress(with_status(ingress(), "192.0.2.1"), is_ours=True), Arrival(2, 0)
    )
    assert not arrivals
    arrivals.note(KEY, SeenIngress(ingress(generation=2), is_ours=True), Arrival(3, 0))
    assert arrivals.is_due(3)


def test_what_had_an_address_when_we_started_was_served_before() -> None:
    arrivals = Arrivals()
    served = SeenIngress(with_status(ingress(), "192.0.2.1"), is_ours=True)
    arrivals.note(KEY, served, Arrival(1, 0))
    assert not arrivals
    other = KEY._replace(name="new")
    arrivals.note(other, NEW, Arrival(1, 0))
    assert arrivals.take()[0] == other


def test_one_that_is_not_ours_or_gone_does_not_arrive() -> None:
    arrivals = Arrivals()
    arrivals.begin()
    for seen in (FOREIGN, None):
        arrivals.note(KEY, NEW, Arrival(1, 0))
        arrivals.note(KEY, seen, Arrival(2, 0))
        assert not arrivals


def test_old_news_is_dropped() -> None:
    arrivals = Arrivals()
    arrivals.begin()
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
