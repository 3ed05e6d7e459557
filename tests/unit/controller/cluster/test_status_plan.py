from __future__ import annotations

from msgspec import structs
from support.replicas import KEY, ingress, with_status

from ingressd.controller.cluster.addresses import addresses_of
from ingressd.controller.cluster.status_plan import (
    Departures,
    StatusPatch,
    may_have_left,
    plan_removal,
    plan_status,
)
from ingressd.controller.observing import SeenIngress

HERE = addresses_of(["192.0.2.1", "lb.example.com"])
NEW = ingress()
WRITTEN = with_status(NEW, "192.0.2.1", "lb.example.com")


def ours(*addresses: str) -> SeenIngress:
    return SeenIngress(with_status(NEW, *addresses), is_ours=True)


def theirs(*addresses: str) -> SeenIngress:
    return SeenIngress(with_status(NEW, *addresses), is_ours=False)


def patch(seen: SeenIngress, *left_with: str) -> StatusPatch | None:
    return plan_status(seen, addresses_of(["192.0.2.1"]), addresses_of(left_with))


def test_only_differences_are_written() -> None:
    assert patch(ours("192.0.2.1")) is None
    for other in (ours(), ours("192.0.2.2"), ours("192.0.2.1", "192.0.2.2")):
        made = patch(other)
        assert made is not None
        assert made.addresses == addresses_of(["192.0.2.1"])


def test_a_patch_holds_the_version_it_was_made_for() -> None:
    metadata = structs.replace(NEW.metadata, resource_version="7")
    seen = SeenIngress(structs.replace(NEW, metadata=metadata), is_ours=True)
    made = plan_status(seen, HERE)
    assert made is not None
    assert made.path == "/apis/networking.k8s.io/v1/namespaces/default/ingresses/web/status"
    assert made.body == {
        "metadata": {"resourceVersion": "7"},
        "status": {
            "loadBalancer": {"ingress": [{"hostname": "lb.example.com"}, {"ip": "192.0.2.1"}]}
        },
    }


def test_no_address_removes_the_list() -> None:
    made = plan_status(ours("192.0.2.1"), ())
    assert made is not None
    assert made.body["status"] == {"loadBalancer": {"ingress": None}}


def test_of_others_only_what_left_us_with_our_addresses_is_taken_back() -> None:
    assert patch(theirs("192.0.2.1")) is None
    assert patch(theirs("192.0.2.9"), "192.0.2.1") is None
    assert patch(theirs(), "192.0.2.1") is None
    for ours_then in ("192.0.2.1", "192.0.2.8"):
        made = patch(theirs(ours_then), ours_then)
        assert made is not None
        assert made.addresses == ()


def test_a_removal_takes_back_what_is_ours_alone() -> None:
    here = addresses_of(["192.0.2.1"])
    made = plan_removal(ours("192.0.2.1"), here)
    assert made is not None
    assert made.addresses == ()
    for other in (ours(), ours("192.0.2.2"), theirs("192.0.2.1")):
        assert plan_removal(other, here) is None


def test_a_departure_is_seen_once() -> None:
    departures = Departures()
    departures.note(KEY, theirs("192.0.2.1"))
    assert not departures.left_with(KEY)
    departures.note(KEY, ours("192.0.2.1"))
    departures.note(KEY, theirs("192.0.2.1"))
    assert departures.left_with(KEY) == addresses_of(["192.0.2.1"])
    departures.note(KEY, theirs("192.0.2.1"))  # an edit of something else
    assert departures.left_with(KEY) == addresses_of(["192.0.2.1"])
    departures.note(KEY, theirs())
    assert not departures.left_with(KEY)
    departures.note(KEY, theirs("192.0.2.1"))
    assert not departures.left_with(KEY)


def test_a_departure_can_be_recalled_unless_it_came_back() -> None:
    departures = Departures()
    departures.recall(ours("192.0.2.1"))
    assert not departures.left_with(KEY)
    departures.recall(theirs("192.0.2.1"))
    assert departures.left_with(KEY) == addresses_of(["192.0.2.1"])
    departures.note(KEY, theirs("192.0.2.9"))
    assert not departures.left_with(KEY)


def test_what_shows_our_addresses_and_is_not_ours_may_have_left() -> None:
    here = addresses_of(["192.0.2.1"])
    assert may_have_left(theirs("192.0.2.1"), here)
    assert not may_have_left(ours("192.0.2.1"), here)
    assert not may_have_left(theirs("192.0.2.2"), here)
    assert not may_have_left(theirs(), ())


def test_one_that_comes_back_or_is_deleted_has_not_left() -> None:
    departures = Departures()
    for last in (ours("192.0.2.1"), None):
        departures.note(KEY, ours("192.0.2.1"))
        departures.note(KEY, theirs("192.0.2.1"))
        departures.note(KEY, last)
        assert not departures.left_with(KEY)
