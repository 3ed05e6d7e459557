from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from ingressd.proxy.limiting.keys import Key
from ingressd.proxy.limiting.memory import SINGLE, Place, new_memory
from ingressd.proxy.limiting.usage import Usage, usage_bytes

CLIENT = Key(fingerprint=7, position=3)
WAYS = 8


@pytest.fixture
def memory() -> Iterator[int]:
    descriptor = new_memory(usage_bytes(2))
    yield descriptor
    os.close(descriptor)


def test_no_more_than_the_limit_are_under_way() -> None:
    table = Usage(SINGLE).open_requests
    slots = [table.enter(CLIENT, 2) for _ in range(3)]
    assert slots[0] == slots[1]
    assert slots[2] is None
    assert slots[0] is not None
    table.leave(slots[0])
    assert table.enter(CLIENT, 2) == slots[0]
    assert table.enter(CLIENT, 2) is None


def test_clients_have_counts_of_their_own() -> None:
    table = Usage(SINGLE).open_requests
    neighbours = [Key(fingerprint=number, position=3) for number in range(1, WAYS + 1)]
    assert len({table.enter(each, 1) for each in neighbours} - {None}) == WAYS
    assert [table.enter(each, 1) for each in neighbours] == [None] * WAYS


def test_a_slot_is_given_away_only_when_nothing_of_it_is_under_way() -> None:
    table = Usage(SINGLE).open_requests
    neighbours = [Key(fingerprint=number, position=3) for number in range(1, WAYS + 1)]
    slots = [table.enter(each, 1) for each in neighbours]
    newcomer = Key(fingerprint=WAYS + 1, position=3)
    assert table.enter(newcomer, 1) is None
    assert slots[4] is not None
    table.leave(slots[4])
    assert table.enter(newcomer, 1) == slots[4]


def test_workers_count_together(memory: int) -> None:
    first, second = (Usage(Place(index, 2, memory)).open_requests for index in range(2))
    slot = first.enter(CLIENT, 2)
    assert second.enter(CLIENT, 2) == slot
    assert first.enter(CLIENT, 2) is second.enter(CLIENT, 2) is None
    assert slot is not None
    second.leave(slot)
    assert first.enter(CLIENT, 2) == slot


def test_the_counts_of_a_worker_that_died_go_when_another_takes_its_place(memory: int) -> None:
    first, second = (Usage(Place(index, 2, memory)).open_requests for index in range(2))
    assert first.enter(CLIENT, 2) is not None
    assert second.enter(CLIENT, 2) is not None
    successor = Usage(Place(0, 2, memory)).open_requests
    assert successor.enter(CLIENT, 2) is not None
    assert successor.enter(CLIENT, 2) is None, "the other worker's count is still there"
