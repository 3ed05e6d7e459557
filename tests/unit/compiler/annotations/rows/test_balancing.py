"""What chooses an endpoint, where several annotations say so."""

from __future__ import annotations

import pytest
from support.annotated import named_with_dashes
from support.objects import PREFIX

from ingressd.compiler.annotations.reading import read_annotations
from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.annotations.verdict import Outcome, Verdict
from ingressd.routing.policy import LoadBalance, UpstreamPolicy

BY_COOKIE = {"affinity": "cookie"}
BY_HASH = {"upstream_hash_by": "$host"}
EWMA = Directives(upstream=UpstreamPolicy(load_balance=LoadBalance.EWMA))


def judged(name: str, base: Directives = EWMA, **annotations: str) -> Verdict:
    named = named_with_dashes(annotations, f"{PREFIX}/")
    verdicts = read_annotations(named, PREFIX, base).verdicts
    (found,) = (each for each in verdicts if each.annotation == f"{PREFIX}/{name}")
    return found


@pytest.mark.parametrize(
    ("beside", "winner"),
    [
        (BY_COOKIE, "affinity"),
        (BY_HASH, "upstream-hash-by"),
        ({**BY_COOKIE, **BY_HASH}, "affinity"),
    ],
)
def test_a_way_that_another_annotation_outdoes_is_told(beside: dict[str, str], winner: str) -> None:
    told = judged("load-balance", Directives(), load_balance="ewma", **beside)
    assert (told.outcome, told.is_suspect) == (Outcome.NO_OP, True)
    assert told.message == f"{winner} goes before it"
    assert told.remedy == "remove one of the two"


def test_a_hash_that_affinity_outdoes_is_told() -> None:
    told = judged("upstream-hash-by", **BY_HASH, **BY_COOKIE)
    assert (told.outcome, told.is_suspect) == (Outcome.NO_OP, True)
    assert told.message == "affinity goes before it"


@pytest.mark.parametrize("way", ["chash", "chashsubset", "sticky_balanced", "sticky_persistent"])
def test_a_way_that_is_not_chosen_by_its_name_is_not_supported_alone(way: str) -> None:
    told = judged("load-balance", load_balance=way)
    assert told.outcome is Outcome.UNSUPPORTED
    assert told.message == f"{way} is not chosen by this name; the rest is honoured"


@pytest.mark.parametrize(
    ("way", "beside", "is_suspect"),
    [
        ("chash", BY_HASH, False),
        (" chashsubset ", BY_HASH, False),
        ("sticky_balanced", BY_COOKIE, False),
        ("sticky_persistent", BY_COOKIE, False),
        ("chash", BY_COOKIE, True),
        ("sticky_balanced", BY_HASH, True),
    ],
)
def test_it_says_nothing_new_beside_what_chooses_it(
    way: str, beside: dict[str, str], is_suspect: bool
) -> None:
    told = judged("load-balance", load_balance=way, **beside)
    assert (told.outcome, told.is_suspect) == (Outcome.NO_OP, is_suspect)


@pytest.mark.parametrize("beside", [BY_COOKIE, BY_HASH])
def test_the_usual_way_is_missed_by_nobody(beside: dict[str, str]) -> None:
    usual = judged("load-balance", Directives(), load_balance="round_robin", **beside)
    assert usual.outcome is Outcome.HONOURED
    assert judged("load-balance", load_balance="ewma", **beside).outcome is Outcome.HONOURED
    told = judged("load-balance", load_balance="round_robin", **beside)
    assert (told.outcome, told.is_suspect) == (Outcome.NO_OP, False)
    assert told.remedy == "leave it or remove it"
