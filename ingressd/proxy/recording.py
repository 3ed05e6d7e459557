"""What is kept of a finished request: its metrics and its line in the access log."""

from __future__ import annotations

import time

from ingressd.proxy.access_log import AccessLog, Entry
from ingressd.proxy.client.request import Request
from ingressd.proxy.clock import Clock
from ingressd.proxy.metrics import Metrics, method_class

CLIENT_GONE = 499
"""The status of a request whose client left before the answer began (nginx)."""

FLUSH_SECONDS = 0.5
"""How long a line of the access log may wait."""


class Recorder:
    """Accounts for finished requests; ``access_log`` None keeps metrics only."""

    def __init__(self, metrics: Metrics, access_log: AccessLog | None, clock: Clock) -> None:
        self._metrics = metrics
        self._access_log = access_log
        self._clock = clock
        self.deadline = 0.0
        clock.watch(self)

    def __call__(self, request: Request) -> None:
        """Account for a request, however it ended."""
        seconds = time.monotonic() - request.started
        status = request.status or CLIENT_GONE
        route = request.route
        ingress, host = ("", "") if route is None else (route.ingress, route.host)
        self._metrics.count_request((ingress, host, method_class(request.method), status), seconds)
        if self._access_log is not None:
            self._access_log.record(_entry(request, ingress, status, seconds), time.time())

    def expire(self) -> None:
        """Write out what the access log holds (the clock calls this)."""
        if self._access_log is not None:
            self._access_log.flush()
        self.deadline = self._clock.now + FLUSH_SECONDS

    def close(self) -> None:
        """Write out the rest."""
        self._clock.unwatch(self)
        if self._access_log is not None:
            self._access_log.close()


def _entry(request: Request, ingress: str, status: int, seconds: float) -> Entry:
    headers = request.message.headers
    return Entry(
        remote=request.client.remote,
        method=request.method,
        target=request.message.path,
        protocol="HTTP/1.0" if request.http10 else "HTTP/1.1",
        status=status,
        bytes_sent=request.bytes_sent,
        duration=seconds,
        request_id=request.request_id.decode("ascii"),
        host=request.host,
        ingress=ingress,
        upstream=request.upstream_address,
        tries=request.tries,
        user_agent=headers.get("User-Agent", ""),
        referer=headers.get("Referer", ""),
    )
