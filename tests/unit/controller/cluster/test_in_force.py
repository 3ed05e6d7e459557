from __future__ import annotations

import math

from ingressd.controller.cluster.addresses import addresses_of
from ingressd.controller.cluster.in_force import AddressesInForce

A, B, AB, C = (addresses_of(texts) for texts in (["a"], ["b"], ["a", "b"], ["c"]))


def test_nothing_is_in_force_before_anything_is_read() -> None:
    fresh = AddressesInForce(5.0)
    assert fresh.current is None
    assert () not in fresh
    assert fresh.take((), 0.0)
    assert fresh.current == ()


def test_others_and_more_count_at_once_and_are_told_once() -> None:
    in_force = AddressesInForce(5.0)
    for read in (A, AB, C, ()):
        in_force = AddressesInForce(0.0) if not read else in_force
        assert in_force.take(read, 0.0)
        assert not in_force.take(read, 0.0)
        assert in_force.current == read


def test_fewer_count_once_they_have_been_fewer_for_a_while() -> None:
    in_force = AddressesInForce(5.0)
    in_force.take(AB, 0.0)
    assert not in_force.take(A, 10.0)
    assert in_force.unsettled(12.0) == 3.0
    assert not in_force.take(B, 14.0)
    assert in_force.current == AB
    assert in_force.take(B, 15.0)
    assert in_force.current == B
    assert in_force.unsettled(15.0) == math.inf


def test_fewer_for_a_moment_change_nothing() -> None:
    in_force = AddressesInForce(5.0)
    in_force.take(AB, 0.0)
    in_force.take(A, 10.0)
    assert not in_force.take(AB, 12.0)
    assert in_force.unsettled(12.0) == math.inf
    assert not in_force.take(A, 16.0)
    assert in_force.current == AB


def test_what_cannot_be_read_when_it_should_have_settled_is_not_waited_for() -> None:
    in_force = AddressesInForce(5.0)
    in_force.take(AB, 0.0)
    in_force.take(A, 10.0)
    assert in_force.unsettled(15.0) == math.inf


def test_what_was_published_lately_is_remembered_but_not_for_ever() -> None:
    in_force = AddressesInForce(0.0)
    for number in range(20):
        in_force.take(addresses_of([f"{number}.test"]), 0.0)
    assert addresses_of(["19.test"]) in in_force
    assert addresses_of(["18.test"]) in in_force
    assert addresses_of(["1.test"]) not in in_force
