from __future__ import annotations

import logging

import pytest

from ingressd.controller.cluster.failures import Backoff, Failures, is_transient
from ingressd.sources.kubernetes.errors import ApiError, ApiUnreachable

AWAY = ApiUnreachable("refused")


def test_the_same_failure_is_said_once_and_counted_always(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    failures = Failures()
    for number in range(5):
        failures.note("Events", ApiError(403, "Forbidden", f"attempt {number}"))
    failures.note("Events", AWAY)
    failures.note("Ingress status", TimeoutError())
    failures.clear("Events")
    failures.clear("Events")
    assert failures.counts == {"Events": 6, "Ingress status": 1}
    assert [record.getMessage() for record in caplog.records] == [
        "Events: 403 Forbidden: attempt 0",
        "Events: refused",
        "Ingress status: TimeoutError",
        "Events: works again",
    ]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (AWAY, True),
        (ApiError(429, "TooManyRequests", ""), True),
        (ApiError(503, "ServiceUnavailable", ""), True),
        (ApiError(403, "Forbidden", ""), False),
        (ApiError(422, "Invalid", ""), False),
    ],
)
def test_what_may_succeed_later(error: ApiError | ApiUnreachable, expected: bool) -> None:
    assert is_transient(error) is expected


def test_pauses_double_up_to_a_minute() -> None:
    backoff, now, pauses = Backoff(), 0.0, []
    for _ in range(8):
        backoff.fail(AWAY, now)
        pauses.append(backoff.left(now))
        now += pauses[-1]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    backoff.succeed()
    backoff.fail(AWAY, now)
    assert backoff.left(now) == 1


def test_failures_of_requests_that_were_under_way_together_are_one() -> None:
    backoff = Backoff()
    for _ in range(8):
        backoff.fail(AWAY, 0.5)
    assert backoff.left(0.5) == 1


def test_the_server_gets_the_time_it_asks_for() -> None:
    backoff = Backoff()
    backoff.fail(ApiError(429, "TooManyRequests", "", retry_after=7), 0)
    assert backoff.left(0) == 7
