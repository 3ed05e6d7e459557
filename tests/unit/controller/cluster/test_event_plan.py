from __future__ import annotations

import re

from msgspec import structs

from ingressd.compiler.annotations.verdict import Outcome, Verdict
from ingressd.controller.cluster.event_plan import (
    LONGEST_MESSAGE,
    REMEMBERED,
    WARNING,
    Correlator,
    Involved,
    Occurrence,
    Writing,
    occurrence_of,
)
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey

WEB = Involved("shop", "web", "uid-1", "7")
FINDING = Finding(
    Severity.ERROR,
    "ServiceMissing",
    ObjectKey("Ingress", "shop", "web"),
    "spec.rules[0]",
    "it is gone",
    "create it",
)


def told(message: str, reason: str = "ServiceMissing", of: Involved = WEB) -> Occurrence:
    return Occurrence(of, WARNING, reason, message)


def must(writing: Writing | None) -> Writing:
    assert writing is not None
    return writing


def test_a_finding_is_a_warning_unless_it_is_only_worth_knowing() -> None:
    assert occurrence_of(FINDING, WEB) == told("spec.rules[0]: it is gone; create it")
    about_all = structs.replace(FINDING, field="", severity=Severity.WARNING)
    assert occurrence_of(about_all, WEB) == told("it is gone; create it")
    assert occurrence_of(structs.replace(FINDING, severity=Severity.INFO), WEB) is None


def as_event(verdict: Verdict) -> Occurrence | None:
    finding = verdict.as_finding(FINDING.subject)
    return occurrence_of(finding, WEB) if finding is not None else None


def test_annotations_that_do_not_do_what_they_say_are_warned_of() -> None:
    warned = [outcome for outcome in Outcome if as_event(Verdict("x/y", outcome)) is not None]
    assert warned == [Outcome.INVALID, Outcome.UNSUPPORTED, Outcome.OVERRIDDEN]
    lost = as_event(Verdict("x/y", Outcome.NO_OP, "it is not there", "add it", is_suspect=True))
    assert lost == told(
        "metadata.annotations[x/y]: it is not there; add it", reason="AnnotationNoEffect"
    )


def test_a_message_is_cut_where_it_must_be() -> None:
    made = occurrence_of(structs.replace(FINDING, message="x" * 5000), WEB)
    assert made is not None
    assert len(made.message) == LONGEST_MESSAGE


def test_the_same_is_counted_and_something_else_is_not() -> None:
    correlator = Correlator()
    first = must(correlator.plan(told("a"), 100))
    assert (first.count, first.first, first.last) == (1, 100, 100)
    again = must(correlator.plan(told("a"), 160))
    assert (again.name, again.count, again.first, again.last) == (first.name, 2, 100, 160)
    for other in (
        told("b"),
        told("a", "SecretMissing"),
        told("a", of=structs.replace(WEB, uid="uid-2")),
    ):
        made = must(correlator.plan(other, 160))
        assert made.count == 1
        assert made.name != first.name


def test_a_new_version_of_the_object_is_the_same_object() -> None:
    correlator = Correlator()
    correlator.plan(told("a"), 0)
    assert (
        must(correlator.plan(told("a", of=structs.replace(WEB, resource_version="8")), 1)).count
        == 2
    )


def test_two_processes_give_the_same_name_which_is_a_valid_one() -> None:
    names = {must(Correlator().plan(told("a"), now)).name for now in (1, 2)}
    assert len(names) == 1
    assert re.fullmatch(r"web\.[0-9a-f]{16}", names.pop())
    long = must(
        Correlator().plan(told("a", of=structs.replace(WEB, name="a." * 126 + "b")), 0)
    ).name
    assert len(long) <= 253
    assert ".." not in long


def test_the_eleventh_similar_one_stands_for_all_that_follow() -> None:
    correlator = Correlator()
    names = {must(correlator.plan(told(f"path {n}"), n)).name for n in range(10)}
    assert len(names) == 10
    group = [must(correlator.plan(told(f"path {n}"), n)) for n in range(10, 15)]
    assert len({writing.name for writing in group}) == 1
    assert [writing.count for writing in group] == [1, 2, 3, 4, 5]
    assert group[-1].occurrence.message == "(combined from similar events): path 14"
    assert must(correlator.plan(told("path 3"), 16)).count == 2
    assert must(correlator.plan(told("path 99"), 16 + 601)).occurrence.message == "path 99"


def test_an_object_may_say_25_things_and_then_one_in_five_minutes() -> None:
    correlator = Correlator()
    written = [correlator.plan(told("a", f"Reason{n}"), 0) for n in range(40)]
    assert sum(each is not None for each in written) == 25
    assert correlator.suppressed == 15
    assert correlator.plan(told("a", "Later"), 299) is None
    assert correlator.plan(told("a", "Later"), 300) is not None
    assert correlator.plan(told("a", of=structs.replace(WEB, name="b", uid="b")), 0) is not None


def test_what_could_not_be_written_uses_up_nothing() -> None:
    correlator = Correlator()
    for _ in range(100):
        writing = must(correlator.plan(told("a"), 0))
        assert writing.count == 1
        correlator.undo(writing, 0)


def test_what_could_not_be_written_takes_no_place_among_the_similar() -> None:
    correlator = Correlator()
    for number in range(10):
        correlator.undo(must(correlator.plan(told(f"lost {number}"), 0)), 0)
    assert must(correlator.plan(told("found"), 1)).occurrence.message == "found"


def test_what_was_written_before_keeps_its_place_among_the_similar() -> None:
    correlator = Correlator()
    for number in range(10):
        correlator.plan(told(f"path {number}"), 0)
    correlator.undo(must(correlator.plan(told("path 0"), 1)), 1)
    assert must(correlator.plan(told("path 0"), 2)).count == 2


def test_after_another_replica_counts_are_unknown() -> None:
    correlator = Correlator()
    for now in range(3):
        correlator.plan(told("a"), now)
    correlator.forget_counts()
    assert must(correlator.plan(told("a"), 3)).count == 1


def test_the_count_of_an_event_that_is_there_goes_on() -> None:
    correlator = Correlator()
    writing = must(correlator.plan(told("a"), 0))
    correlator.adopt(writing.name, 8)
    assert must(correlator.plan(told("a"), 1)).count == 9


def test_what_it_remembers_is_bounded() -> None:
    correlator = Correlator()
    for number in range(REMEMBERED + 10):
        correlator.plan(told("a", of=Involved("shop", f"web-{number}", f"uid-{number}", "")), 0)
    first = Involved("shop", "web-0", "uid-0", "")
    assert must(correlator.plan(told("a", of=first), 1)).count == 1
    last = Involved("shop", f"web-{REMEMBERED}", f"uid-{REMEMBERED}", "")
    assert must(correlator.plan(told("a", of=last), 1)).count == 2
