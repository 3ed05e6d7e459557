"""What a policy makes of the way to the pods."""

from __future__ import annotations

import pytest
from support.conversations import Conversation
from support.pods import OK
from support.requests import get

from ingressd.proxy.relaying.exchange import Exchange
from ingressd.proxy.relaying.passage import Passage, intercepted
from ingressd.proxy.upstream.balancing import ServiceAffinity
from ingressd.routing.policy import ErrorPages, PodHttp, Policy, Retries, RetryAfter, Timeouts

CLOSING = PodHttp(connection="close")
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"


def passage(**fields: object) -> Passage:
    policy = Policy(**fields)  # type: ignore[arg-type]
    return Passage(policy, ServiceAffinity(), Exchange)


def test_a_plain_policy_asks_for_nothing() -> None:
    plain = passage()
    assert plain.exchange is Exchange, "no exchange pays for what it does not use"
    assert not plain.screens
    assert not plain.is_single
    assert plain.body_reader is None


def test_it_holds_what_a_policy_says() -> None:
    policy, balancer = Policy(timeouts=Timeouts(read=7), body_limit=8), ServiceAffinity()
    made = Passage(policy, balancer, Exchange)
    assert (made.timeouts, made.body_limit) == (policy.timeouts, 8)
    assert made.balancer is balancer


@pytest.mark.parametrize(
    ("pages", "statuses"),
    [
        (ErrorPages(), set()),
        (ErrorPages((404, 503)), {404, 503}),
        (ErrorPages((404,), of_pods=False), set()),
    ],
)
def test_pages_take_the_place_of_pods_answers_where_they_shall(
    pages: ErrorPages, statuses: set[int]
) -> None:
    policy = Policy(error_pages=pages)
    assert intercepted(policy) == statuses
    assert passage(error_pages=pages).screens == bool(statuses)


@pytest.mark.parametrize(
    ("after", "is_single", "screens"),
    [
        (None, False, False),
        (RetryAfter(), True, False),
        (RetryAfter(error=True), False, False),
        (RetryAfter(timeout=True, statuses=(502,)), True, True),
    ],
)
def test_what_a_retry_asks_for(after: RetryAfter | None, is_single: bool, screens: bool) -> None:
    made = passage(retries=Retries(after))
    assert (made.is_single, made.screens) == (is_single, screens)


@pytest.mark.parametrize(
    ("http", "extra", "is_last"),
    [
        (PodHttp(), b"", False),
        (CLOSING, b"", True),
        (PodHttp("1.0"), b"", True),
        (PodHttp("1.0", "keep-alive"), b"", False),
        (CLOSING, UPGRADE, False),
    ],
)
async def test_which_request_is_the_last_of_its_connection(
    http: PodHttp, extra: bytes, is_last: bool
) -> None:
    talk = Conversation()
    request = get(extra=extra)
    exchange = passage(pod_http=http).exchange(request, talk.connection, Timeouts(), print)
    request.client.exchange = exchange
    talk.connection.begin(exchange, b"")
    talk.feed(OK)
    assert (talk.free == [talk.connection]) != is_last
