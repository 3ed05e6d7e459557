"""What is kept of a finished request: its metrics and its line in the access log."""

from __future__ import annotations

import re
import time

from ingressd.proxy.client.request import Request
from ingressd.proxy.clock import Clock
from ingressd.proxy.observing.access_log import AccessLog, Entry
from ingressd.proxy.observing.metrics import Metrics, method_class
from ingressd.routing.global_policy import AccessLogPolicy

CLIENT_GONE = 499
"""The status of a request whose client left before the answer began (nginx)."""

FLUSH_SECONDS = 0.5
"""How long a line of the access log may wait."""

_USERINFO = re.compile(r"(?:^|(?<=:))//[^/?#]*@")


class Recorder:
    """Accounts for finished requests; ``access_log`` None keeps metrics only."""

    def __init__(self, metrics: Metrics, access_log: AccessLog | None, clock: Clock) -> None:
        self._metrics = metrics
        self._access_log = access_log
        self._writes = access_log is not None
        self._skipped: frozenset[str] = frozenset()
        self._clock = clock
        self.deadline = 0.0
        clock.watch(self)

    def __call__(self, request: Request) -> None:
        """Account for a request, however it ended."""
        seconds = time.monotonic() - request.started
        status = request.status or CLIENT_GONE
        route = request.route
        ingress, host = ("", "") if route is None else (route.ingress, route.host)
        method = method_class(request.message.method)  # as the client asked
        service = "" if request.upstream is None else request.upstream.upstream.key
        self._metrics.count_request((ingress, host, service, method, status), seconds)
        if self._writes and (route is None or route.policy.is_logged):
            self._write(request, ingress, status, seconds)

    def adopt(self, policy: AccessLogPolicy) -> None:
        """From now on, write what the policy lets be written."""
        self._writes = policy.is_on and self._access_log is not None
        self._skipped = frozenset(target.lower() for target in policy.skipped)

    def _write(self, request: Request, ingress: str, status: int, seconds: float) -> None:
        if self._skipped and request.message.path.lower() in self._skipped:
            return
        assert self._access_log is not None
        self._access_log.record(_entry(request, ingress, status, seconds), time.time())

    def expire(self) -> None:
        """Write out what the access log holds (the clock calls this)."""
        if self._access_log is not None:
            self._access_log.flush()
            self._metrics.lost_access_lines = self._access_log.dropped
        self.deadline = self._clock.now + FLUSH_SECONDS

    def close(self) -> None:
        """Write out the rest."""
        self._clock.unwatch(self)
        if self._access_log is not None:
            self._access_log.close()


def _entry(request: Request, ingress: str, status: int, seconds: float) -> Entry:
    headers = request.message.headers
    return Entry(
        remote=request.remote,
        method=request.message.method,
        target=_without_credentials(request.message.path),
        protocol="HTTP/1.0" if request.http10 else "HTTP/1.1",
        status=status,
        bytes_sent=request.bytes_sent,
        duration=seconds,
        request_id=request.request_id.decode("ascii"),
        host=request.host,
        ingress=ingress,
        service="" if request.upstream is None else request.upstream.upstream.key,
        upstream=request.upstream_address,
        tries=request.tries,
        user_agent=headers.get("User-Agent", ""),
        referer=_without_credentials(headers.get("Referer", "")),
    )


def _without_credentials(url: str) -> str:
    """The URL with "***" for a user and password (RFC 3986 section 3.2.1), as far as it says so
    without escapes."""
    return _USERINFO.sub("//***@", url) if "@" in url else url
