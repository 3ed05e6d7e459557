from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.objects import meta

from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey, Resource
from ingressd.resources.service import Service
from ingressd.sources.events import Added, Deleted, Event, Modified, Reported
from ingressd.sources.kubernetes.envelopes import Bookmark, Gone, Page, Put, Refused
from ingressd.sources.kubernetes.known import Known, is_after, is_before


def service(name: str, version: int) -> Service:
    return Service(metadata=meta(name, resource_version=str(version)))


def key(name: str) -> ObjectKey:
    return ObjectKey("Service", "default", name)


def refused(name: str | None) -> Refused:
    subject = key(name) if name else ObjectKey("Service", "", "(no name)")
    finding = Finding(Severity.ERROR, "InvalidField", subject, "", "is wrong", "repair it")
    return Refused(key(name) if name else None, "9", (finding,))


def listed(
    known: Known, *objects: Resource, refused: tuple[Refused, ...] = (), at: str = "100"
) -> list[Event]:
    listing = known.relisting()
    listing.add(Page(objects, refused, at, ""))
    return known.replace(listing, at)


@pytest.fixture
def known() -> Known:
    known = Known("Service")
    listed(known, service("a", 1), service("b", 2))
    return known


def test_a_list_gives_only_differences(known: Known) -> None:
    changed, new = service("b", 3), service("c", 4)
    assert listed(known, service("a", 1), changed, new) == [Modified(changed), Added(new)]
    assert listed(known, service("a", 1), changed, new) == []
    assert listed(known) == [Deleted(key("a")), Deleted(key("b")), Deleted(key("c"))]


def test_a_list_of_an_older_backup_is_believed(known: Known) -> None:
    older = service("b", 1)
    assert listed(known, service("a", 1), older) == [Modified(older)]


def test_where_versions_went_back_the_same_one_may_be_another(known: Known) -> None:
    same = service("a", 1)
    known.position = ""
    assert listed(known, same, at="90") == [Modified(same), Deleted(key("b"))]
    assert known.position == "90"
    assert listed(known, same, at="90") == []
    later = service("a", 91)
    assert known.take(Put(later)) == [Modified(later)]


def test_a_malformed_object_stays_until_it_is_repaired(known: Known) -> None:
    bad = refused("b")
    assert listed(known, service("a", 1), refused=(bad,)) == [Reported(str(key("b")), bad.findings)]
    good = service("b", 5)
    events = listed(known, service("a", 1), good)
    assert events == [Modified(good), Reported(str(key("b")), ())]


def test_a_malformed_object_without_a_name_might_be_any_that_is_missing(known: Known) -> None:
    bad = refused(None)
    unit = "Service without a name"
    assert listed(known, service("a", 1), refused=(bad,)) == [Reported(unit, bad.findings)]
    assert listed(known, service("a", 1)) == [Deleted(key("b")), Reported(unit, ())]


def test_lines_of_a_watch(known: Known) -> None:
    new, changed = service("c", 101), service("c", 102)
    assert known.take(Put(new)) == [Added(new)]
    assert known.take(Put(changed)) == [Modified(changed)]
    assert known.take(Gone(key("c"), "103")) == [Deleted(key("c"))]
    assert known.take(Gone(key("c"), "104")) == []
    assert known.take(Bookmark("110")) == []
    assert known.position == "110"


def test_what_comes_twice_or_late_changes_nothing(known: Known) -> None:
    changed = service("a", 105)
    known.take(Put(changed))
    assert known.take(Put(changed)) == []
    assert known.take(Put(service("a", 104))) == []
    assert known.take(Gone(key("a"), "103")) == []
    assert known.position == "105"


def test_a_malformed_line_keeps_the_object_and_moves_on(known: Known) -> None:
    bad = at_version(refused("a"), "101")
    assert known.take(bad) == [Reported(str(key("a")), bad.findings)]
    assert known.position == "101"
    good = service("a", 102)
    assert known.take(Put(good)) == [Modified(good), Reported(str(key("a")), ())]
    assert known.take(Put(service("a", 103))) == [Modified(service("a", 103))]


def at_version(bad: Refused, version: str) -> Refused:
    return Refused(bad.key, version, bad.findings)


@pytest.mark.parametrize(
    ("version", "position", "news"),
    [
        ("10", "9", True),
        ("9", "10", False),
        ("9", "9", False),
        ("abc", "9", True),
        ("abc", "abc", False),
        ("", "9", True),
        ("9\n", "9", True),
    ],
)
def test_versions_are_compared_where_they_can_be(version: str, position: str, news: bool) -> None:
    assert is_after(version, position) is news


def test_only_numbers_are_known_to_be_older() -> None:
    assert is_before("9", "10")
    assert not is_before("10", "10")
    assert not is_before("9", "")
    assert not is_before("abc", "bcd")


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 5)),
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 5)),
)
def test_the_differences_lead_from_one_list_to_the_next(
    before: dict[str, int], after: dict[str, int]
) -> None:
    known = Known("Service")
    listed(known, *(service(name, version) for name, version in before.items()))
    now = {key(name): str(version) for name, version in before.items()}
    for event in listed(known, *(service(name, version) for name, version in after.items())):
        match event:
            case Deleted():
                del now[event.key]
            case Added() | Modified():
                assert now.get(event.resource.key) != event.resource.metadata.resource_version
                now[event.resource.key] = event.resource.metadata.resource_version
    assert now == {key(name): str(version) for name, version in after.items()}
