from __future__ import annotations

import msgspec
import pytest
from msgspec import structs

from ingressd.controller.cluster.lease import (
    Acquire,
    Lease,
    Observation,
    Renew,
    Timing,
    Wait,
    decide,
    held,
    observe,
    released,
    unwritten,
)

TIMING = Timing(lease_duration=15, renew_deadline=10, retry_period=2)
OVERDUE = 15 - 2.4


def lease(holder: str, version: str = "1") -> Lease:
    taken = held(unwritten("ingress", "leader"), holder, 0, TIMING)
    return structs.replace(taken, metadata={**taken.metadata, "resourceVersion": version})


def test_a_lease_that_does_not_exist_or_was_released_is_free() -> None:
    assert decide(None, "me", 0, TIMING) == Acquire()
    given_up = released(lease("other"), 7)
    assert decide(Observation(given_up, 100), "me", 100, TIMING) == Acquire()


def test_our_own_lease_is_renewed_even_when_it_is_old() -> None:
    assert decide(Observation(lease("me"), 0), "me", 10_000, TIMING) == Renew()


@pytest.mark.parametrize(
    ("now", "decision"),
    [
        (100.0, Wait("other", 100 + OVERDUE)),
        (100 + OVERDUE - 0.01, Wait("other", 100 + OVERDUE)),
        (100 + OVERDUE, Acquire()),
    ],
)
def test_another_holder_is_overdue_once_nothing_was_written_for_its_duration(
    now: float, decision: object
) -> None:
    assert decide(Observation(lease("other"), 100), "me", now, TIMING) == decision


def test_a_leader_has_stopped_before_it_is_overdue() -> None:
    classic = Timing()
    assert classic.renew_deadline < classic.lease_duration - classic.longest_period


def test_what_counts_is_when_a_version_was_first_seen() -> None:
    first = observe(lease("other", "1"), None, 100)
    assert observe(lease("other", "1"), first, 105) == first
    assert observe(lease("other", "2"), first, 105) == Observation(lease("other", "2"), 105)


def test_times_in_a_lease_mean_nothing() -> None:
    ancient = held(unwritten("ingress", "leader"), "other", 0, TIMING)
    future = held(unwritten("ingress", "leader"), "other", 4e9, TIMING)
    for strange in (ancient, future):
        assert isinstance(decide(Observation(strange, 100), "me", 101, TIMING), Wait)
        assert isinstance(decide(Observation(strange, 100), "me", 116, TIMING), Acquire)


def test_taking_over_is_a_transition_and_renewing_is_not() -> None:
    first = lease("a")
    assert first.spec.lease_transitions == 0
    renewed = held(first, "a", 2, TIMING)
    assert renewed.spec.lease_transitions == 0
    assert renewed.spec.acquire_time == first.spec.acquire_time != renewed.spec.renew_time
    taken = held(released(renewed, 3), "b", 4, TIMING)
    assert (taken.holder, taken.spec.lease_transitions) == ("b", 1)
    assert taken.spec.acquire_time == taken.spec.renew_time == "1970-01-01T00:00:04.000000Z"


def test_a_lease_goes_back_as_it_came() -> None:
    metadata = {"name": "leader", "resourceVersion": "7", "finalizers": ["x/y"]}
    raw = msgspec.json.encode({"metadata": metadata, "spec": {"holderIdentity": "a"}})
    written = msgspec.to_builtins(held(msgspec.json.decode(raw, type=Lease), "b", 0, TIMING))
    assert written["metadata"] == metadata
    assert (written["kind"], written["spec"]["holderIdentity"]) == ("Lease", "b")


def test_a_released_lease_names_no_holder() -> None:
    written = msgspec.to_builtins(released(lease("a"), 9))
    assert "holderIdentity" not in written["spec"]
    assert written["spec"]["leaseDurationSeconds"] == 1
