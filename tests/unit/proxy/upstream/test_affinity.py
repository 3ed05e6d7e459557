"""Keyed hashes, rendezvous hashing, and the memory of client addresses."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.proxy.upstream import affinity
from ingressd.proxy.upstream.affinity import (
    ClientMemory,
    endpoint_hash,
    is_key,
    new_key,
    rendezvous,
    seed,
)
from ingressd.routing.model import Endpoint

ONE, TWO = Endpoint("10.0.0.1", 80), Endpoint("10.0.0.2", 80)
NUMBERS = st.integers(0, (1 << 64) - 1)


@given(st.lists(NUMBERS, min_size=2, max_size=9, unique=True), NUMBERS, st.data())
def test_removing_a_choice_moves_only_its_clients(
    seeds: list[int], client: int, data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(seeds))
    before = rendezvous(client, ((number, number) for number in seeds))
    after = rendezvous(client, ((number, number) for number in seeds if number != gone))
    if before != gone:
        assert after == before
    assert after != gone


@given(st.lists(NUMBERS, min_size=1, max_size=9, unique=True), NUMBERS)
def test_the_order_of_choices_does_not_matter(seeds: list[int], client: int) -> None:
    shuffled = sorted(seeds, key=lambda number: hash((number, client)))
    first = rendezvous(client, ((number, number) for number in seeds))
    assert rendezvous(client, ((number, number) for number in shuffled)) == first


def test_clients_are_spread_evenly() -> None:
    choices = [(seed(f"10.0.0.{number}:80"), number) for number in range(4)]
    clients = [seed(f"192.168.{number // 256}.{number % 256}") for number in range(4000)]
    shares = Counter(rendezvous(client, choices) for client in clients)
    assert all(800 < share < 1200 for share in shares.values())


def test_nothing_to_choose_from() -> None:
    assert rendezvous(1, ()) is None


def test_hashes_depend_on_key_and_endpoint_and_hide_the_address() -> None:
    value = endpoint_hash(b"k" * 100, ONE)
    assert value == endpoint_hash(b"k" * 100, Endpoint("10.0.0.1", 80))
    assert len({value, endpoint_hash(b"other", ONE), endpoint_hash(b"k" * 100, TWO)}) == 3
    assert is_key(value) and "10.0.0.1" not in value


@pytest.mark.parametrize("text", ["", "a" * 31, "A" * 32, "g" * 32, "a" * 32 + "\n"])
def test_what_cannot_be_a_key_of_ours(text: str) -> None:
    assert not is_key(text)


def test_new_keys_are_keys_and_differ() -> None:
    keys = {new_key() for _ in range(10)}
    assert len(keys) == 10 and all(map(is_key, keys))


def test_a_client_is_remembered_until_its_timeout() -> None:
    memory = ClientMemory()
    memory.remember("c", ONE, now=100)
    assert memory.recall("c", now=110, timeout=10) == ONE
    assert memory.recall("c", now=110.5, timeout=10) is None
    assert memory.recall("other", now=100, timeout=10) is None


def test_the_client_not_seen_for_longest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(affinity, "MAX_CLIENTS", 2)
    memory = ClientMemory()
    for client in ("a", "b", "a", "c"):
        memory.remember(client, ONE, now=0)
    assert [memory.recall(client, 0, 1) for client in ("a", "b", "c")] == [ONE, None, ONE]
