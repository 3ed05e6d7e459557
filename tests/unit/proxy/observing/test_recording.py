"""What is kept of a finished request."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from support.proxies import environment, route, upstream
from support.requests import get, proxy_connection, received

from ingressd.proxy.clock import Clock
from ingressd.proxy.observing.access_log import AccessLog
from ingressd.proxy.observing.metrics import Metrics
from ingressd.proxy.observing.recording import CLIENT_GONE, FLUSH_SECONDS, Recorder
from ingressd.routing.global_policy import AccessLogPolicy
from ingressd.routing.model import Backend
from ingressd.routing.policy import Policy


async def test_a_request_is_counted_under_its_route() -> None:
    metrics = Metrics()
    record = Recorder(metrics, None, Clock(asyncio.get_running_loop()))
    request = get()
    request.route = route()
    request.status = 200
    record(request)
    ((labels, count),) = metrics.snapshot().requests
    assert (labels.ingress, labels.host, labels.method, labels.status, count) == (
        "default/web", "a.test", "GET", 200, 1
    )  # fmt: skip


async def test_the_service_is_the_one_that_was_chosen(tmp_path: Path) -> None:
    shared = environment()
    shared.pool.put(upstream([80], Backend("default", "new", "80")))
    request = get()
    request.route = route()
    request.upstream = shared.pool.get("default/new:80")
    metrics, log = Metrics(), tmp_path / "log"
    with log.open("w") as stream:
        record = Recorder(metrics, AccessLog("json", stream), Clock(asyncio.get_running_loop()))
        record(request)
        record.close()
    ((labels, _),) = metrics.snapshot().requests
    assert labels.service == json.loads(log.read_text())["service"] == "default/new:80"


async def test_what_no_route_took_has_no_labels_of_the_clients_making() -> None:
    metrics = Metrics()
    Recorder(metrics, None, Clock(asyncio.get_running_loop()))(get())
    ((labels, _),) = metrics.snapshot().requests
    assert (labels.ingress, labels.host, labels.status) == ("", "", CLIENT_GONE)


async def test_a_line_is_written_when_the_clock_says_so(tmp_path: Path) -> None:
    log = tmp_path / "log"
    clock = Clock(asyncio.get_running_loop())
    request = get(b"/x?y", b"User-Agent: test\r\nX-Request-ID: id-1\r\n")
    request.status = 200
    with log.open("w") as stream:
        record = Recorder(Metrics(), AccessLog("json", stream), clock)
        record(request)
        record.expire()
        assert record.deadline == clock.now + FLUSH_SECONDS
        record.close()
    entry = json.loads(log.read_text())
    assert entry["request_id"] == "id-1" and "/x?y" in entry.values()
    assert clock._watched == set()


async def test_a_line_says_what_the_client_asked_for(tmp_path: Path) -> None:
    """Even where something else was asked in its place."""
    log = tmp_path / "log"
    request = received(b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n")
    request.turn_to("/", [], with_body=False)
    with log.open("w") as stream:
        record = Recorder(Metrics(), AccessLog("json", stream), Clock(asyncio.get_running_loop()))
        record(request)
        record.close()
    assert {"POST", "/x"} <= set(map(str, json.loads(log.read_text()).values()))


@pytest.mark.parametrize(
    ("url", "logged"),
    [
        ("http://user:pass@a.test/x", "http://***@a.test/x"),
        ("http://u@v:pass@a.test", "http://***@a.test"),
        ("//user@a.test", "//***@a.test"),
        ("/mail/to/me@a.test", "/mail/to/me@a.test"),
        ("/a//b@c/d", "/a//b@c/d"),
        ("/@me?to=http://you:p@b.test", "/@me?to=http://***@b.test"),
    ],
)
async def test_a_password_in_a_url_is_not_logged(tmp_path: Path, url: str, logged: str) -> None:
    log = tmp_path / "log"
    with log.open("w") as stream:
        record = Recorder(Metrics(), AccessLog("json", stream), Clock(asyncio.get_running_loop()))
        record(get(extra=b"Referer: %b\r\n" % url.encode()))
        refused = get()
        refused.message = refused.message._replace(path=url)
        record(refused)
        record.close()
    first, second = (json.loads(line) for line in log.read_text().splitlines())
    assert (first["referer"], second["target"]) == (logged, logged)


async def test_the_access_log_names_the_client_behind_a_believed_proxy(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as stream:
        record = Recorder(Metrics(), AccessLog("json", stream), Clock(asyncio.get_running_loop()))
        record(get(extra=b"X-Forwarded-For: 192.0.2.7\r\n", client=proxy_connection()))
        record(get(extra=b"X-Forwarded-For: 6.6.6.6\r\n"))
        record.close()
    remotes = [json.loads(line)["remote"] for line in log.read_text().splitlines()]
    assert remotes == ["192.0.2.7", "192.0.2.1"]


async def test_what_is_not_logged_is_counted(tmp_path: Path) -> None:
    log, metrics = tmp_path / "log", Metrics()
    silent = route(policy=Policy(is_logged=False))
    with log.open("w") as stream:
        record = Recorder(metrics, AccessLog("json", stream), Clock(asyncio.get_running_loop()))
        record.adopt(AccessLogPolicy(skipped=("/Health?x",)))
        for target, taken in ((b"/a", silent), (b"/health?X", None), (b"/health", None)):
            request = get(target)
            request.route = taken
            record(request)
        record.adopt(AccessLogPolicy(is_on=False))
        record(get(b"/b"))
        record.adopt(AccessLogPolicy())
        record(get(b"/health?x"))
        record.close()
    targets = [json.loads(line)["target"] for line in log.read_text().splitlines()]
    assert targets == ["/health", "/health?x"]
    assert sum(count for _, count in metrics.snapshot().requests) == 5


async def test_no_policy_makes_a_log_where_there_is_none() -> None:
    metrics = Metrics()
    record = Recorder(metrics, None, Clock(asyncio.get_running_loop()))
    record.adopt(AccessLogPolicy())
    record(get())
    assert len(metrics.snapshot().requests) == 1
