from __future__ import annotations

from math import e

import pytest

from ingressd.proxy.upstream.response_time import DECAY_SECONDS, ResponseTime


def test_what_is_new_counts_the_more_the_longer_nothing_was_noted() -> None:
    known = ResponseTime(1.0, now=100.0)
    known.note(0.0, now=100.0)
    assert known.score(100.0) == 1.0
    known.note(0.0, now=100.0 + DECAY_SECONDS)
    assert known.score(100.0 + DECAY_SECONDS) == pytest.approx(1 / e)
    known.note(3.0, now=100_000.0)
    assert known.score(100_000.0) == pytest.approx(3.0)


def test_who_is_not_asked_is_expected_to_become_faster() -> None:
    known = ResponseTime(2.0, now=0.0)
    scores = [known.score(now) for now in (0.0, 1.0, 10.0, 60.0)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == 2.0 and scores[-1] < 0.01


def test_time_that_runs_backwards_does_no_harm() -> None:
    known = ResponseTime(2.0, now=50.0)
    assert known.score(10.0) == 2.0
