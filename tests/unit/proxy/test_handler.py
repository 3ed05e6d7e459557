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
