"""What a request is answered with when no pod answers it."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

import pytest
from support.proxies import environment, route, simple
from support.requests import unread, wire_of

from ingressd.proxy import plan
from ingressd.proxy.client.connection import CLOSE, KEEP
from ingressd.proxy.client.pages import ErrorPages
from ingressd.proxy.client.request import Request
from ingressd.proxy.clock import Clock
from ingressd.proxy.environment import Environment
from ingressd.proxy.filters.endpoints import find_upstream
from ingressd.proxy.filters.filter import Refusal, RequestFilter
from ingressd.proxy.handler import Handler
from ingressd.proxy.index import RouteIndex
from ingressd.proxy.observing.metrics import Metrics
from ingressd.proxy.observing.recording import Recorder
from ingressd.proxy.relaying.failure_status import FAILURE_STATUS
from ingressd.proxy.upstream.receiver import Failure
from ingressd.routing.delta import Delta
from ingressd.routing.model import Host, Route
from ingressd.routing.patterns import Groups


def handler(delta: Delta) -> tuple[Handler, Metrics]:
    surroundings, metrics = environment(), Metrics()
    surroundings.current.apply(delta)
    for upstream in delta.upstreams:
        surroundings.pool.put(upstream)
    recorder = Recorder(metrics, None, Clock(asyncio.get_running_loop()))
    index = RouteIndex(surroundings)
    return Handler(index, ErrorPages(""), recorder, metrics), metrics


def ask(host: bytes = b"a.test", target: bytes = b"/") -> Request:
    return unread(b"GET %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (target, host))


@pytest.mark.parametrize(
    ("request_host", "target", "status", "keeps"),
    [
        (b"a.test", b"/", 503, True),
        (b"b.test", b"/", 404, True),
        (b"a.test", b"/%zz", 400, False),
        (b"a b", b"/", 400, False),
    ],
)
async def test_answers_without_a_pod(
    request_host: bytes, target: bytes, status: int, keeps: bool
) -> None:
    answer, metrics = handler(simple([]))
    request = ask(request_host, target)
    reply = await answer(request)
    assert reply is (KEEP if keeps else CLOSE)
    assert wire_of(request).written.startswith(b"HTTP/1.1 %d " % status)
    assert metrics.snapshot().requests[0][0].status == status


async def test_a_route_without_backend_is_503() -> None:
    answer, _ = handler(Delta(1, reset=True, hosts=(Host("a.test", (route(backend=None),)),)))
    request = ask()
    await answer(request)
    assert request.status == 503


async def test_draining_closes_each_connection_after_its_answer() -> None:
    answer, _ = handler(simple([]))
    answer.is_draining = True
    request = ask()
    assert await answer(request) is CLOSE
    assert b"\r\nConnection: close\r\n" in wire_of(request).written


async def test_a_fault_of_ours_is_500_and_logged(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, _ = handler(simple([]))
    monkeypatch.setattr(RouteIndex, "match", lambda *_: 1 / 0)
    request = ask()
    await answer(request)
    assert request.status == 500
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def starved(*_: object) -> None:
    raise MemoryError


@pytest.mark.parametrize("has_task", [True, False])
async def test_without_memory_a_request_is_503_and_the_last_of_its_connection(
    has_task: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, metrics = handler(simple([]))
    monkeypatch.setattr(RouteIndex, "match", starved)
    request = ask()
    if has_task:
        assert await answer(request) is CLOSE
    else:
        assert answer.begin(request)
    assert (request.status, request.keep_alive) == (503, False)
    assert metrics.memory_errors == 1
    assert caplog.records == [], "that is told once for all"


async def test_without_memory_an_answer_that_has_begun_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer, _ = handler(simple([]))
    monkeypatch.setattr(RouteIndex, "match", starved)
    request = ask()
    request.bytes_sent = 5
    assert await answer(request) is CLOSE
    assert (wire_of(request).written, wire_of(request).end) == (b"", "abort")


async def test_without_memory_for_the_end_of_a_request_its_client_is_cut(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, metrics = handler(simple([]))
    request = ask()
    monkeypatch.setattr(Handler, "_end", starved)
    answer._conclude(request, None)
    assert (wire_of(request).end, metrics.memory_errors) == ("abort", 1)
    assert caplog.records == []


async def test_a_fault_abandons_the_pod_whose_answer_would_follow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Exchange:
        is_abandoned = False

        def abandon(self) -> None:
            self.is_abandoned = True

    answer, _ = handler(simple([]))
    monkeypatch.setattr(RouteIndex, "match", starved)
    request, exchange = ask(), Exchange()
    request.client.exchange = exchange  # type: ignore[assignment]
    await answer(request)
    assert (exchange.is_abandoned, request.client.exchange) == (True, None)


async def test_while_it_sheds_every_request_is_refused_before_any_filter() -> None:
    answer, metrics = handler(simple([]))
    answer.shed(True)
    request = ask(b"nowhere.test")
    assert await answer(request) is CLOSE
    assert wire_of(request).written.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nRetry-After: 1\r\n" in wire_of(request).written
    assert metrics.shed == 1
    answer.shed(False)
    request = ask(b"nowhere.test")
    assert await answer(request) is KEEP
    assert (request.status, metrics.shed) == (404, 1)


async def test_a_fault_within_an_answer_cuts_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    answer, _ = handler(simple([]))
    request = ask()
    request.bytes_sent = 5
    assert await answer(request) is CLOSE
    assert (wire_of(request).written, wire_of(request).end) == (b"", "abort")


@pytest.mark.parametrize("stop", [None, Refusal(403, (b"X: y\r\n",))])
async def test_a_filter_may_wait_for_its_verdict(
    stop: Refusal | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the filters that follow it act, or none."""

    async def verdict() -> Refusal | None:
        return stop

    def slow(route: Route, environment: Environment) -> RequestFilter:
        return lambda request, groups: verdict

    monkeypatch.setattr(plan, "REQUEST_FILTERS", (slow, find_upstream))
    answer, _ = handler(simple([]))
    request = ask()
    assert not answer.begin(request)
    await answer(request)
    assert request.status == (503 if stop is None else 403)
    assert (b"\r\nX: y\r\n" in wire_of(request).written) == (stop is not None)


@pytest.mark.parametrize("has_task", [True, False])
async def test_whoever_counts_a_request_is_told_of_its_end_once(
    has_task: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[str] = []

    def counting(route: Route, environment: Environment) -> RequestFilter:
        def count(request: Request, groups: Groups | None) -> None:
            request.at_end = partial(ends.append, "end")

        return count

    monkeypatch.setattr(plan, "REQUEST_FILTERS", (counting, find_upstream))
    answer, _ = handler(simple([]))
    request = ask()
    if has_task:
        await answer(request)
    else:
        assert answer.begin(request)
    answer.abandon(request)
    assert ends == ["end"]


async def test_what_does_not_parse_is_refused_with_a_page() -> None:
    answer, _ = handler(simple([]))
    request = ask()
    assert answer.refuse(request, 431) is CLOSE
    assert wire_of(request).written.startswith(b"HTTP/1.1 431 ")


def test_every_failure_has_a_status() -> None:
    assert FAILURE_STATUS.keys() == set(Failure)
