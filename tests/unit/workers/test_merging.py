from __future__ import annotations

from ingressd.proxy.observing.metrics import Metrics, Snapshot
from ingressd.workers.merging import merge, retire

LABELS = ("shop/web", "shop.example.com", "shop/web:80", "GET", 200)
OTHER = ("shop/web", "shop.example.com", "shop/web:80", "POST", 502)


def _snapshot(*durations: float, labels: tuple[str, str, str, str, int] = LABELS) -> Snapshot:
    metrics = Metrics()
    for duration in durations:
        metrics.count_request(labels, duration)
    metrics.upstream_connects["shop/web:80"] = len(durations)
    metrics.client_connections = 3
    metrics.open_connections = 2
    return metrics.snapshot()


def _requests(snapshot: Snapshot) -> dict[tuple[str, int], int]:
    return {(labels.method, labels.status): count for labels, count in snapshot.requests}


def test_nothing_merges_to_nothing() -> None:
    assert merge([]) == Snapshot()


def test_counts_of_the_same_series_add_up_and_others_stand_beside() -> None:
    merged = merge([_snapshot(0.001, 0.2), _snapshot(0.2), _snapshot(0.1, labels=OTHER)])

    assert _requests(merged) == {("GET", 200): 3, ("POST", 502): 1}
    assert merged.upstream_connects == {"shop/web:80": 4}
    assert merged.client_connections == 9
    assert merged.open_connections == 6


def test_histograms_add_up_bucket_by_bucket() -> None:
    histogram = merge([_snapshot(0.001, 0.2), _snapshot(0.2)]).durations["shop/web"]

    assert histogram.buckets[0] == 1
    assert sum(histogram.buckets) == 3
    assert round(histogram.total, 6) == 0.401


def test_merging_leaves_its_arguments_alone() -> None:
    one, other = _snapshot(0.001), _snapshot(0.2)

    merge([one, other])

    assert sum(one.durations["shop/web"].buckets) == 1
    assert sum(other.durations["shop/web"].buckets) == 1


def test_a_worker_that_is_gone_leaves_its_counts_but_no_open_connection() -> None:
    retired = retire(_snapshot(0.001))

    assert _requests(retired) == {("GET", 200): 1}
    assert retired.client_connections == 3
    assert retired.open_connections == 0


def test_lost_lines_add_up_and_stay_when_a_worker_goes() -> None:
    one = Snapshot(lost_access_lines=3, lost_log_lines=1, lost_copies=2)
    total = merge([retire(one), Snapshot(lost_access_lines=4, lost_copies=3)])
    assert (total.lost_access_lines, total.lost_log_lines, total.lost_copies) == (7, 1, 5)


def test_what_was_refused_for_lack_of_memory_adds_up_and_stays_when_a_worker_goes() -> None:
    total = merge([retire(Snapshot(shed=3, memory_errors=1)), Snapshot(shed=4)])
    assert (total.shed, total.memory_errors) == (7, 1)
