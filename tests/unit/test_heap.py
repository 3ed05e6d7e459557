from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

import ingressd.heap
from ingressd.heap import LOADING_THRESHOLD, Heap


@pytest.fixture
def heap() -> Iterator[Heap]:
    """The heap of this process, which is left as it was."""
    thresholds, callbacks = gc.get_threshold(), list(gc.callbacks)
    yield Heap()
    gc.set_threshold(*thresholds)
    gc.callbacks[:] = callbacks
    gc.unfreeze()


def test_the_collector_rests_while_much_is_read(heap: Heap) -> None:
    before = gc.get_threshold()
    heap.expect_load()
    assert gc.get_threshold() == (LOADING_THRESHOLD, *before[1:])
    heap.settle()
    assert gc.get_threshold() == before


def test_what_was_read_is_never_looked_at_again(heap: Heap) -> None:
    heap.expect_load()
    kept = [[number] for number in range(1000)]
    heap.settle()
    assert gc.get_freeze_count() > len(kept)
    assert not any(each is kept for each in gc.get_objects())


@pytest.mark.parametrize(("longest", "is_kept_out"), [(0.0, True), (60.0, False)])
def test_so_is_what_makes_a_later_collection_slow(
    heap: Heap, monkeypatch: pytest.MonkeyPatch, longest: float, is_kept_out: bool
) -> None:
    monkeypatch.setattr(ingressd.heap, "LONGEST_COLLECTION", longest)
    heap.settle()
    later = [[number] for number in range(1000)]
    gc.collect()
    assert any(each is later for each in gc.get_objects()) is not is_kept_out
