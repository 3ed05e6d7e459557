from __future__ import annotations

import pytest

from ingressd.sources.kubernetes.errors import ApiError, refusal


def test_a_status_is_read() -> None:
    body = b'{"kind":"Status","code":409,"reason":"Conflict","message":"changed"}'
    error = refusal(409, "Conflict", {}, body)
    assert (error.status, error.reason, error.message) == (409, "Conflict", "changed")
    assert str(error) == "409 Conflict: changed"


@pytest.mark.parametrize("body", [b"<html>busy</html>", b"", b"\xff", b"[]"])
def test_a_refusal_need_not_be_a_status(body: bytes) -> None:
    error = refusal(502, "Bad Gateway", {}, body)
    assert (error.status, error.reason, error.retry_after) == (502, "Bad Gateway", None)


def test_the_pause_that_is_asked_for_is_in_the_header_or_in_the_status() -> None:
    body = b'{"details":{"retryAfterSeconds":3}}'
    assert refusal(429, "", {"Retry-After": "5"}, body).retry_after == 5.0
    assert refusal(429, "", {}, body).retry_after == 3.0
    assert refusal(429, "", {"Retry-After": "Wed, 21 Oct 2026"}, b"{}").retry_after is None


def test_an_error_without_message_is_short() -> None:
    assert str(ApiError(404, "Not Found", "")) == "404 Not Found"


def test_causes_are_read() -> None:
    body = b'{"details":{"causes":[{"reason":"ResourceVersionTooLarge","message":"x"},{}]}}'
    assert refusal(504, "", {}, body).causes == ("ResourceVersionTooLarge", "")
    assert refusal(504, "", {}, b'{"details":{"causes":null}}').causes == ()
