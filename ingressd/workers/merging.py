"""Adding up the counters of workers, so that totals never go back when one dies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from ingressd.proxy.observing.metrics import DurationHistogram, RequestLabels, Snapshot


def merge(snapshots: Iterable[Snapshot]) -> Snapshot:
    """The sum of all of them."""
    every = list(snapshots)
    requests: Counter[RequestLabels] = Counter()
    for snapshot in every:
        for labels, count in snapshot.requests:
            requests[labels] += count
    return Snapshot(
        requests=list(requests.items()),
        durations=_add_durations(snapshot.durations for snapshot in every),
        upstream_connects=_add(snapshot.upstream_connects for snapshot in every),
        upstream_connect_failures=_add(snapshot.upstream_connect_failures for snapshot in every),
        upstream_retries=_add(snapshot.upstream_retries for snapshot in every),
        client_connections=sum(snapshot.client_connections for snapshot in every),
        open_connections=sum(snapshot.open_connections for snapshot in every),
        tls_handshake_failures=sum(snapshot.tls_handshake_failures for snapshot in every),
        passthrough_connections=sum(snapshot.passthrough_connections for snapshot in every),
        lost_access_lines=sum(snapshot.lost_access_lines for snapshot in every),
        lost_log_lines=sum(snapshot.lost_log_lines for snapshot in every),
        lost_copies=sum(snapshot.lost_copies for snapshot in every),
        shed=sum(snapshot.shed for snapshot in every),
        memory_errors=sum(snapshot.memory_errors for snapshot in every),
    )


def retire(snapshot: Snapshot) -> Snapshot:
    """What remains of a worker that is gone: its counts, but nothing that is open now."""
    return msgspec.structs.replace(snapshot, open_connections=0)


def _add(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total)


def _add_durations(each: Iterable[dict[str, DurationHistogram]]) -> dict[str, DurationHistogram]:
    total: dict[str, DurationHistogram] = {}
    for histograms in each:
        for ingress, histogram in histograms.items():
            total[ingress] = _add_histogram(total.get(ingress), histogram)
    return total


def _add_histogram(one: DurationHistogram | None, other: DurationHistogram) -> DurationHistogram:
    if one is None:
        return DurationHistogram(list(other.buckets), other.total)
    buckets = [left + right for left, right in zip(one.buckets, other.buckets, strict=True)]
    return DurationHistogram(buckets, one.total + other.total)
