from __future__ import annotations

from ingressd.controller.cluster.allowance import TokenBucket


def test_a_burst_and_then_the_rate() -> None:
    bucket = TokenBucket(rate=2, burst=3, now=100)
    assert [bucket.take(100) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(100.4)
    assert bucket.take(100.5)


def test_it_never_holds_more_than_a_burst() -> None:
    bucket = TokenBucket(rate=1, burst=2, now=0)
    assert [bucket.take(10_000) for _ in range(3)] == [True, True, False]


def test_a_reserved_token_is_of_the_future() -> None:
    bucket = TokenBucket(rate=2, burst=1, now=0)
    assert [bucket.reserve(0) for _ in range(3)] == [0, 0.5, 1.0]
    assert bucket.reserve(10) == 0


def test_a_token_that_was_not_needed_comes_back() -> None:
    bucket = TokenBucket(rate=0.001, burst=1, now=0)
    assert bucket.take(0)
    bucket.give_back()
    assert bucket.take(0)
    bucket.give_back()
    bucket.give_back()
    assert [bucket.take(0), bucket.take(0)] == [True, False]
