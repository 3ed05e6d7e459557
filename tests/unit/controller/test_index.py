from __future__ import annotations

import random
from collections import defaultdict

from ingressd.controller.index import FEW, Index


def test_reads_both_ways() -> None:
    index: Index[str, int] = Index()
    index.put("a", (1, 2))
    index.put("b", (2,))
    assert index.targets("a") == {1, 2}
    assert index.sources(2) == {"a", "b"}
    assert index.sources(3) == set()


def test_put_returns_what_gained_or_lost_the_source() -> None:
    index: Index[str, int] = Index()
    assert index.put("a", (1, 2)) == {1, 2}
    assert index.put("a", (2, 3)) == {1, 3}
    assert index.put("a", (3, 2)) == set()
    assert index.sources(1) == set()


def test_source_without_targets_is_forgotten() -> None:
    index: Index[str, int] = Index()
    index.put("a", (1,))
    assert index.put("a", ()) == {1}
    assert index.targets("a") == set()
    assert index.sources(1) == set()


def test_sources_come_and_go_one_by_one() -> None:
    index: Index[str, int] = Index()
    for source in ("a", "b", "c"):
        index.put(source, (1,))
    assert index.sources(1) == {"a", "b", "c"}
    index.put("b", ())
    assert index.sources(1) == {"a", "c"}
    index.put("a", (2,))
    assert (index.sources(1), index.sources(2)) == ({"c"}, {"a"})
    index.put("c", ())
    assert index.sources(1) == set()


def test_however_many_there_are_both_ways_tell_the_same() -> None:
    chance = random.Random(1)
    index: Index[tuple[str, int], int] = Index()
    targets: dict[tuple[str, int], set[int]] = defaultdict(set)
    keys = [("source", number) for number in range(3 * FEW)]  # tuples, as the keys of objects are
    for _ in range(500):
        key = chance.choice(keys)
        before = targets[key]
        targets[key] = set(chance.sample(range(2 * FEW), chance.choice((0, 1, 2, FEW, FEW + 1))))
        assert index.put(key, targets[key]) == before ^ targets[key]
        for source in keys:
            assert index.targets(source) == targets[source]
        for target in range(2 * FEW):
            assert index.sources(target) == {each for each in keys if target in targets[each]}
