"""A Lease as others read it: times, and what of it survives the way there and back."""

from __future__ import annotations

import re
from datetime import datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ingressd.controller.cluster.lease import (
    Acquire,
    Lease,
    Observation,
    Renew,
    Timing,
    decide,
    held,
    released,
    unwritten,
)

CLOCKS = st.floats(0, 4e9)
NAMES = st.sampled_from(["a", "b", "c"])
TIMING = Timing()


def written(lease: Lease) -> Lease:
    """As the API server gives it back."""
    return msgspec.json.decode(msgspec.json.encode(lease), type=Lease)


@given(CLOCKS)
def test_times_are_micro_times_of_the_clock(clock: float) -> None:
    text = held(unwritten("ns", "leader"), "a", clock, TIMING).spec.renew_time
    assert text is not None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", text)
    assert abs(datetime.fromisoformat(text).timestamp() - clock) < 1e-6


@given(st.lists(st.tuples(NAMES, st.booleans(), CLOCKS), max_size=8))
def test_transitions_count_new_holders_only(moves: list[tuple[str, bool, float]]) -> None:
    lease = written(held(unwritten("ns", "leader"), "a", 0, TIMING))
    for name, leaves, clock in moves:
        before = lease
        lease = written(released(lease, clock) if leaves else held(lease, name, clock, TIMING))
        assert lease.holder == ("" if leaves else name)
        is_new = lease.holder not in ("", before.holder)
        assert _transitions(lease) == _transitions(before) + is_new


def _transitions(lease: Lease) -> int:
    return lease.spec.lease_transitions or 0


@given(NAMES, NAMES, CLOCKS, st.floats(0, 1e6), st.floats(0, 1e6))
def test_nobody_takes_over_before_the_holder_had_to_stop(
    holder: str, me: str, clock: float, since: float, waited: float
) -> None:
    lease = written(held(unwritten("ns", "leader"), holder, clock, TIMING))
    decision = decide(Observation(lease, since), me, since + waited, TIMING)
    if holder == me:
        assert decision == Renew()
    elif isinstance(decision, Acquire):
        assert waited > TIMING.renew_deadline
