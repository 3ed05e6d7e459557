"""Counters of one worker, cheap enough to touch on every request."""

from __future__ import annotations

from bisect import bisect_left

from msgspec import Struct

DURATION_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)
"""Upper bounds in seconds; a last, unbounded bucket follows."""

METHOD_CLASSES = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OTHER_METHOD = "other"


class RequestLabels(Struct, frozen=True):
    """Labels of a request series: from the configuration or bounded, never what a client says.

    ``service`` is the key of the upstream that was chosen, "" where none was.
    """

    ingress: str
    host: str
    service: str
    method: str
    status: int


class DurationHistogram(Struct):
    """Request durations of one Ingress: counts by bucket (see DURATION_BUCKETS) and their sum."""

    buckets: list[int]
    total: float = 0.0


class Snapshot(Struct):
    """All counters of a worker since it started, as they travel to the supervisor."""

    requests: list[tuple[RequestLabels, int]] = []
    durations: dict[str, DurationHistogram] = {}
    upstream_connects: dict[str, int] = {}
    upstream_connect_failures: dict[str, int] = {}
    upstream_retries: dict[str, int] = {}
    client_connections: int = 0
    open_connections: int = 0
    tls_handshake_failures: int = 0
    passthrough_connections: int = 0
    lost_access_lines: int = 0
    lost_log_lines: int = 0
    lost_copies: int = 0
    shed: int = 0
    memory_errors: int = 0


class _Series:
    """The requests of one combination of labels, and the durations of their Ingress."""

    __slots__ = ("count", "durations")

    def __init__(self, durations: DurationHistogram) -> None:
        self.count = 0
        self.durations = durations


class Metrics:
    """The counters of this worker."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, str, str, str, int], _Series] = {}
        self._durations: dict[str, DurationHistogram] = {}
        self.upstream_connects: dict[str, int] = {}
        self.upstream_connect_failures: dict[str, int] = {}
        self.upstream_retries: dict[str, int] = {}
        self.client_connections = 0
        self.open_connections = 0
        self.tls_handshake_failures = 0
        self.passthrough_connections = 0
        self.lost_access_lines = 0
        self.lost_copies = 0
        self.shed = 0
        self.memory_errors = 0

    def count_request(self, labels: tuple[str, str, str, str, int], seconds: float) -> None:
        """Count one finished request; ``labels`` are those of RequestLabels."""
        series = self._requests.get(labels)
        if series is None:
            series = self._requests[labels] = _Series(self._durations_of(labels[0]))
        series.count += 1
        durations = series.durations
        durations.buckets[bisect_left(DURATION_BUCKETS, seconds)] += 1
        durations.total += seconds

    def _durations_of(self, ingress: str) -> DurationHistogram:
        known = self._durations.get(ingress)
        if known is None:
            known = self._durations[ingress] = DurationHistogram([0] * (len(DURATION_BUCKETS) + 1))
        return known

    def snapshot(self) -> Snapshot:
        """A copy of every counter."""
        return Snapshot(
            requests=[(RequestLabels(*key), one.count) for key, one in self._requests.items()],
            durations={
                ingress: DurationHistogram(histogram.buckets.copy(), histogram.total)
                for ingress, histogram in self._durations.items()
            },
            upstream_connects=self.upstream_connects.copy(),
            upstream_connect_failures=self.upstream_connect_failures.copy(),
            upstream_retries=self.upstream_retries.copy(),
            client_connections=self.client_connections,
            open_connections=self.open_connections,
            tls_handshake_failures=self.tls_handshake_failures,
            passthrough_connections=self.passthrough_connections,
            lost_access_lines=self.lost_access_lines,
            lost_copies=self.lost_copies,
            shed=self.shed,
            memory_errors=self.memory_errors,
        )


def count(counters: dict[str, int], key: str) -> None:
    """One more under a key."""
    counters[key] = counters.get(key, 0) + 1


def method_class(method: str) -> str:
    """The method as a metric label: one of METHOD_CLASSES, else "other"."""
    return method if method in METHOD_CLASSES else OTHER_METHOD
