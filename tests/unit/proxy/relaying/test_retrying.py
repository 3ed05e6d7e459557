"""Which failures lead to another try."""

from __future__ import annotations

import pytest
from support.requests import get, received

from ingressd.proxy.client.request import Request
from ingressd.proxy.relaying.retrying import may_retry
from ingressd.proxy.upstream.receiver import Failure
from ingressd.routing.policy import Retries, RetryAfter

EVERYTHING = RetryAfter(True, True, True, (403, 404, 429, 500, 502, 503, 504), True)


def asking(method: bytes) -> Request:
    return received(b"%b / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" % method)


@pytest.mark.parametrize(
    ("method", "failure", "is_fresh", "expected"),
    [
        (b"GET", Failure.REFUSED, True, True),
        (b"POST", Failure.REFUSED, True, True),
        (b"POST", Failure.CONNECT_TIMEOUT, True, True),
        (b"POST", Failure.UNRESOLVED, True, True),
        (b"GET", Failure.CLOSED, False, True),
        (b"HEAD", Failure.CLOSED, False, True),
        (b"PUT", Failure.CLOSED, False, True),
        (b"DELETE", Failure.CLOSED, False, True),
        (b"OPTIONS", Failure.CLOSED, False, True),
        (b"GET", Failure.CLOSED, True, False),
        (b"PUT", Failure.CLOSED, True, False),
        (b"POST", Failure.CLOSED, False, False),
        (b"PATCH", Failure.CLOSED, False, False),
        (b"PROPFIND", Failure.CLOSED, False, False),
        (b"GET", Failure.CUT, False, False),
        (b"GET", Failure.TIMEOUT, False, False),
        (b"GET", Failure.SEND_TIMEOUT, False, False),
        (b"GET", Failure.MALFORMED, False, False),
        (b"GET", Failure.UNWANTED, False, False),
        (b"GET", Failure.CLIENT_BODY, False, False),
    ],
)
async def test_where_no_policy_says_more(
    method: bytes, failure: Failure, is_fresh: bool, expected: bool
) -> None:
    request = asking(method)
    assert may_retry(request, failure, is_fresh) is expected
    request.bytes_sent = 1
    assert not may_retry(request, failure, is_fresh)


async def test_retry_non_idempotent_lifts_one_condition_only() -> None:
    retries = Retries(non_idempotent=True)
    request = asking(b"POST")
    assert may_retry(request, Failure.CLOSED, is_fresh=False, retries=retries)
    assert not may_retry(request, Failure.CLOSED, is_fresh=True, retries=retries)
    assert not may_retry(request, Failure.TIMEOUT, is_fresh=False, retries=retries)


CAUSES = {
    Failure.REFUSED: RetryAfter(error=True),
    Failure.UNRESOLVED: RetryAfter(error=True),
    Failure.CLOSED: RetryAfter(error=True),
    Failure.CONNECT_TIMEOUT: RetryAfter(timeout=True),
    Failure.TIMEOUT: RetryAfter(timeout=True),
    Failure.SEND_TIMEOUT: RetryAfter(timeout=True),
    Failure.MALFORMED: RetryAfter(invalid_header=True),
    Failure.UNWANTED: RetryAfter(statuses=(503,)),
}
SENT = CAUSES.keys() - {Failure.REFUSED, Failure.UNRESOLVED, Failure.CONNECT_TIMEOUT}


@pytest.mark.parametrize("failure", CAUSES)
@pytest.mark.parametrize("after", dict.fromkeys(CAUSES.values()))
async def test_a_policy_names_the_failures(failure: Failure, after: RetryAfter) -> None:
    request = asking(b"GET")
    request.status = 503
    expected = after == CAUSES[failure]
    assert may_retry(request, failure, is_fresh=True, retries=Retries(after)) is expected


@pytest.mark.parametrize("failure", sorted(SENT, key=str))
async def test_what_was_sent_is_only_repeated_where_that_is_said(failure: Failure) -> None:
    request = asking(b"POST")
    request.status = 503
    careful = Retries(CAUSES[failure])
    assert not may_retry(request, failure, is_fresh=True, retries=careful)
    for bold in (Retries(CAUSES[failure], non_idempotent=True), Retries(EVERYTHING)):
        assert may_retry(request, failure, is_fresh=True, retries=bold)


@pytest.mark.parametrize(
    "failure", [Failure.CUT, Failure.CLIENT_BODY, Failure.CLIENT_TOO_LARGE, Failure.CLIENT_STALLED]
)
async def test_what_no_policy_can_allow(failure: Failure) -> None:
    assert not may_retry(get(), failure, is_fresh=False, retries=Retries(EVERYTHING))


@pytest.mark.parametrize("failure", [Failure.REFUSED, Failure.CLOSED, Failure.UNWANTED])
async def test_never_twice_for_a_body_that_is_gone_or_an_answer_that_was_seen(
    failure: Failure,
) -> None:
    seen, gone = get(), get()
    seen.bytes_sent, gone.body_consumed = 1, True
    for request in (seen, gone):
        request.status = 503
        assert not may_retry(request, failure, is_fresh=True, retries=Retries(EVERYTHING))
