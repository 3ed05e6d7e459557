"""What is kept of a finished request."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from support.proxies import route
from support.requests import get

from ingressd.proxy.access_log import AccessLog
from ingressd.proxy.clock import Clock
from ingressd.proxy.metrics import Metrics
from ingressd.proxy.recording import CLIENT_GONE, FLUSH_SECONDS, Recorder


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
