"""Prometheus metrics out of one moment's snapshot, table, findings and state.

Labels come from the configuration or from small fixed sets, never from a client.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, structs
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from ingressd import __version__
from ingressd.admin.view import ReplicaState, State
from ingressd.proxy.observing.metrics import (
    DURATION_BUCKETS,
    DurationHistogram,
    RequestLabels,
    Snapshot,
)
from ingressd.resources.finding import Finding
from ingressd.routing.table import Table
from ingressd.sources.events import KindState


class Moment(Struct, frozen=True):
    """Everything that is measured, at one time."""

    snapshot: Snapshot
    table: Table
    findings: Sequence[Finding]
    state: State


def expose(moment: Moment, accept: str) -> tuple[bytes, str]:
    """The exposition and its content type, in the format that the Accept header asks for."""
    registry = CollectorRegistry()
    registry.register(_MomentCollector(moment))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _MomentCollector(Collector):
    def __init__(self, moment: Moment) -> None:
        self._moment = moment

    def collect(self) -> Iterable[Metric]:
        moment = self._moment
        yield from _requests(moment.snapshot)
        yield from _upstreams(moment.snapshot)
        yield from _connections(moment.snapshot)
        yield from _table(moment.table, moment.state)
        yield from _workers(moment.state)
        yield from _overload(moment.snapshot)
        yield _findings(moment.findings)
        yield from _source(moment.state.kinds)
        yield from _failures(moment.state)
        yield _lost_lines(moment.snapshot, moment.state)
        yield _lost_copies(moment.snapshot)
        yield from _replica(moment.state.replica)
        yield _build()


def _requests(snapshot: Snapshot) -> Iterator[Metric]:
    yield _request_counts(snapshot.requests)
    yield _durations(snapshot.durations)


def _request_counts(requests: Iterable[tuple[RequestLabels, int]]) -> Metric:
    family = CounterMetricFamily(
        "ingressd_requests",
        "Requests answered. host is the Ingress rule's, service what was chosen behind it, status "
        "our answer's.",
        labels=("ingress", "host", "service", "method", "status"),
    )
    for labels, count in requests:
        *texts, status = structs.astuple(labels)
        family.add_metric((*texts, str(status)), count)
    return family


def _durations(durations: Mapping[str, DurationHistogram]) -> Metric:
    family = HistogramMetricFamily(
        "ingressd_request_duration_seconds",
        "Time from a request's head to the end of its answer.",
        labels=("ingress",),
    )
    for ingress, histogram in durations.items():
        family.add_metric((ingress,), _cumulative(histogram.buckets), histogram.total)
    return family


def _cumulative(counts: Sequence[int]) -> list[tuple[str, float]]:
    """Prometheus buckets count everything up to their bound."""
    buckets, total = [], 0
    for bound, count in zip((*DURATION_BUCKETS, float("inf")), counts, strict=True):
        total += count
        buckets.append(("+Inf" if bound == float("inf") else str(float(bound)), float(total)))
    return buckets


def _upstreams(snapshot: Snapshot) -> Iterator[Metric]:
    for name, meaning, counts in (
        ("connects", "Connections made to endpoints.", snapshot.upstream_connects),
        (
            "connect_failures",
            "Connections to endpoints that could not be made.",
            snapshot.upstream_connect_failures,
        ),
        ("retries", "Requests sent again to another endpoint.", snapshot.upstream_retries),
    ):
        family = CounterMetricFamily(f"ingressd_upstream_{name}", meaning, labels=("upstream",))
        for upstream, count in counts.items():
            family.add_metric((upstream,), count)
        yield family


def _connections(snapshot: Snapshot) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "ingressd_client_connections", "Connections accepted.", snapshot.client_connections
    )
    yield GaugeMetricFamily(
        "ingressd_open_connections", "Client connections open now.", snapshot.open_connections
    )
    yield CounterMetricFamily(
        "ingressd_tls_handshake_failures",
        "TLS handshakes with clients that failed.",
        snapshot.tls_handshake_failures,
    )
    yield CounterMetricFamily(
        "ingressd_passthrough_connections",
        "TLS connections that went to a pod as they came.",
        snapshot.passthrough_connections,
    )


def _table(table: Table, state: State) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "ingressd_configuration_generation", "Generation of the table.", table.generation
    )
    yield GaugeMetricFamily(
        "ingressd_configuration_last_change_timestamp_seconds",
        "When the table last changed.",
        state.changed_at,
    )
    yield _expiries(table)


def _expiries(table: Table) -> Metric:
    family = GaugeMetricFamily(
        "ingressd_certificate_expiry_timestamp_seconds",
        "When the certificate of a host ends; host is empty for the default certificate.",
        labels=("secret", "host"),
    )
    for host, fingerprint in sorted({**table.bindings, "": table.default_certificate}.items()):
        certificate = table.certificates.get(fingerprint)
        if certificate is not None:
            family.add_metric((certificate.secret, host), certificate.not_after)
    return family


def _workers(state: State) -> Iterator[Metric]:
    serving = sum(worker.serving for worker in state.workers)
    family = GaugeMetricFamily("ingressd_workers", "Worker processes.", labels=("state",))
    family.add_metric(("serving",), serving)
    family.add_metric(("starting",), len(state.workers) - serving)
    yield family
    yield CounterMetricFamily(
        "ingressd_worker_restarts", "Workers that died and were replaced.", state.restarts
    )
    for attribute, name, meaning in _PER_WORKER:
        yield _per_worker(name, meaning, {w.index: getattr(w, attribute) for w in state.workers})
    limits = {w.index: w.memory_limit for w in state.workers if w.memory_limit}
    yield _per_worker("memory_limit_bytes", "Bytes that a worker may hold, if bounded.", limits)


_PER_WORKER = (
    ("generation", "generation", "Generation that a worker serves."),
    ("lag", "lag_seconds", "How late a worker's event loop last woke."),
    ("memory", "memory_bytes", "Bytes that a worker holds in memory."),
)
"""Attribute of WorkerState, name and meaning."""


def _per_worker(name: str, meaning: str, values: Mapping[int, float]) -> Metric:
    family = GaugeMetricFamily(f"ingressd_worker_{name}", meaning, labels=("worker",))
    for index, value in values.items():
        family.add_metric((str(index),), value)
    return family


def _overload(snapshot: Snapshot) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "ingressd_shed_requests",
        "Requests refused with 503, and TLS connections not passed on, for lack of memory.",
        snapshot.shed,
    )
    yield CounterMetricFamily(
        "ingressd_memory_errors",
        "How often no memory could be had, which ended a connection each time.",
        snapshot.memory_errors,
    )


def _findings(findings: Iterable[Finding]) -> Metric:
    family = GaugeMetricFamily(
        "ingressd_findings", "What is wrong with objects now.", labels=("severity", "code")
    )
    counts = Counter((finding.severity.value, finding.code) for finding in findings)
    for labels, count in sorted(counts.items()):
        family.add_metric(labels, count)
    return family


def _source(kinds: Sequence[KindState]) -> Iterator[Metric]:
    stale = GaugeMetricFamily(
        "ingressd_source_stale_seconds",
        "For how long changes of a kind may have been missed; 0 while it is watched.",
        labels=("kind",),
    )
    relists = CounterMetricFamily(
        "ingressd_source_relists", "Lists of a kind after the first.", labels=("kind",)
    )
    restarts = CounterMetricFamily(
        "ingressd_source_watch_restarts", "Watches of a kind after the first.", labels=("kind",)
    )
    for kind in kinds:
        stale.add_metric((kind.kind,), kind.stale)
        relists.add_metric((kind.kind,), kind.relists)
        restarts.add_metric((kind.kind,), kind.restarts)
    yield from (stale, relists, restarts)


def _failures(state: State) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "ingressd_publish_failures",
        "Changes that workers could not be told; they keep the table they have.",
        state.publish_failures,
    )
    yield CounterMetricFamily(
        "ingressd_source_failures",
        "How often the source, or taking in what it says, failed; the log tells why.",
        state.source_failures,
    )


def _lost_lines(snapshot: Snapshot, state: State) -> Metric:
    family = CounterMetricFamily(
        "ingressd_lost_log_lines",
        "Lines that were dropped: the reader is too slow or gone, or the disk is full.",
        labels=("log",),
    )
    family.add_metric(("access",), snapshot.lost_access_lines)
    family.add_metric(("error",), snapshot.lost_log_lines + state.lost_log_lines)
    return family


def _lost_copies(snapshot: Snapshot) -> Metric:
    return CounterMetricFamily(
        "ingressd_lost_mirror_copies",
        "Copies of requests that did not reach their mirror-target.",
        snapshot.lost_copies,
    )


def _replica(replica: ReplicaState | None) -> Iterator[Metric]:
    if replica is None:
        return
    yield GaugeMetricFamily(
        "ingressd_leader",
        "Whether this replica writes status and Events.",
        float(replica.is_leader),
    )
    family = CounterMetricFamily(
        "ingressd_write_failures", "Writes to the cluster that failed.", labels=("what",)
    )
    for what, count in sorted(replica.write_failures.items()):
        family.add_metric((what,), count)
    yield family


def _build() -> Metric:
    family = GaugeMetricFamily(
        "ingressd_build_info", "Always 1; the labels say what runs.", labels=("version", "python")
    )
    family.add_metric((__version__, platform.python_version()), 1)
    return family
