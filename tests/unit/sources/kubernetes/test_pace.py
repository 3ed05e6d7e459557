from __future__ import annotations

import pytest

from ingressd.sources.kubernetes.errors import (
    ApiError,
    ApiUnreachable,
    KubernetesError,
    StreamGarbled,
    StreamStalled,
)
from ingressd.sources.kubernetes.pace import (
    DEFAULT_TIMING,
    is_ahead,
    is_doubtful,
    is_gone,
    is_refused,
    pause_after,
    watch_timeout,
)


def longest(low: float, high: float) -> float:
    return high


def shortest(low: float, high: float) -> float:
    return low


@pytest.mark.parametrize(
    ("error", "failures", "seconds"),
    [
        (ApiUnreachable(), 1, 1.0),
        (ApiUnreachable(), 2, 2.0),
        (ApiUnreachable(), 5, 16.0),
        (ApiUnreachable(), 6, 30.0),
        (ApiUnreachable(), 100_000, 30.0),
        (None, 3, 4.0),
        (ApiError(403, "Forbidden", ""), 100, 30.0),
        (ApiError(500, "", ""), 100, 30.0),
    ],
)
def test_pauses_double_up_to_their_bound(
    error: KubernetesError | None, failures: int, seconds: float
) -> None:
    assert pause_after(error, failures, DEFAULT_TIMING, longest) == seconds
    assert pause_after(error, failures, DEFAULT_TIMING, shortest) == 0.0


def test_the_server_is_never_asked_earlier_than_it_wants() -> None:
    busy = ApiError(429, "", "", retry_after=7.0)
    assert pause_after(busy, 1, DEFAULT_TIMING, shortest) == 7.0
    assert pause_after(busy, 1, DEFAULT_TIMING, longest) == 8.0
    absurd = ApiError(429, "", "", retry_after=1e9)
    assert pause_after(absurd, 1, DEFAULT_TIMING, shortest) == 300.0


def test_watches_of_many_clients_do_not_end_together() -> None:
    assert watch_timeout(DEFAULT_TIMING, shortest) == 270
    assert watch_timeout(DEFAULT_TIMING, longest) == 330


def test_kinds_of_refusal() -> None:
    assert is_gone(ApiError(410, "Gone", ""))
    assert is_gone(ApiError(200, "Expired", ""))
    assert not is_gone(ApiUnreachable())
    assert is_refused(ApiError(403, "", ""))
    assert is_refused(ApiError(404, "", ""))
    assert not is_refused(ApiError(500, "", ""))
    assert not is_refused(None)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ApiError(504, "Timeout", "Timeout: Too large resource version: 9, current: 5"), True),
        (ApiError(504, "Timeout", "", causes=("ResourceVersionTooLarge",)), True),
        (ApiError(504, "Timeout", "Timeout: request did not complete"), False),
        (ApiError(410, "Expired", "too old resource version"), False),
        (ApiUnreachable("Too large resource version"), False),
    ],
)
def test_a_position_that_the_server_has_not_reached(error: KubernetesError, expected: bool) -> None:
    assert is_ahead(error) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ApiError(504, "Timeout", ""), True),
        (StreamStalled(), True),
        (StreamGarbled(), True),
        (ApiError(503, "", ""), False),
        (ApiUnreachable(), False),
    ],
)
def test_what_may_be_the_fault_of_the_position(error: KubernetesError, expected: bool) -> None:
    assert is_doubtful(error) is expected
