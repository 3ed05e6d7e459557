"""What a pod's bytes mean does not depend on how they are cut, damaged as they may be."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from support.conversations import ANSWERS, Event, heard
from support.fuzzing.answers import read_answer
from support.fuzzing.mutation import Mutator, Stream

SEEDS = [Stream((raw,)) for raw, _, _ in ANSWERS.values()]
DAMAGED = st.integers(0, 1 << 32).map(lambda seed: Mutator(SEEDS, str(seed)).stream().raw)
CUTS = st.lists(st.integers(0, 300), max_size=5)
LONG = 4_000
"""Bytes of an answer below which no limit of a head is reached by pieces only."""


def told(pieces: list[bytes]) -> list[Event]:
    """The events, with all that a failure may differ in: what went out before it was noticed."""
    events, _ = heard([piece for piece in pieces if piece], closes=True)
    return events


def is_whole(events: list[Event]) -> bool:
    return bool(events) and events[-1][0] == "end"


@settings(max_examples=400, deadline=None)
@given(DAMAGED.filter(lambda raw: len(raw) < LONG), CUTS)
def test_the_cuts_do_not_matter(raw: bytes, cuts: list[int]) -> None:
    at_once = told([raw])
    bounds = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    in_pieces = told([raw[start:end] for start, end in pairwise(bounds)])
    assert is_whole(at_once) == is_whole(in_pieces)
    if is_whole(at_once):
        assert at_once == in_pieces


@settings(max_examples=400, deadline=None)
@given(DAMAGED.filter(lambda raw: len(raw) < LONG))
def test_what_is_whole_is_so_by_the_letter_of_the_standard(raw: bytes) -> None:
    events = told([raw])
    if is_whole(events):
        meant = read_answer(raw)
        bodies = [event[1] for event in events if event[0] == "body"]
        assert (meant.flaw, meant.status) == ("", events[0][1])
        assert meant.body == b"".join(bodies)  # type: ignore[arg-type]
