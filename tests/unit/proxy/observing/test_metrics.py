"""Counters and what travels of them."""

from __future__ import annotations

from ingressd.proxy.observing.metrics import DURATION_BUCKETS, Metrics, RequestLabels, method_class


def test_requests_are_counted_by_labels_and_durations_by_ingress() -> None:
    metrics = Metrics()
    for seconds in (0.001, 0.003, 100):
        metrics.count_request(("default/web", "a.test", "default/web:80", "GET", 200), seconds)
    metrics.count_request(("default/web", "a.test", "", "GET", 503), 0.0)
    snapshot = metrics.snapshot()
    assert dict(snapshot.requests) == {
        RequestLabels("default/web", "a.test", "default/web:80", "GET", 200): 3,
        RequestLabels("default/web", "a.test", "", "GET", 503): 1,
    }
    histogram = snapshot.durations["default/web"]
    assert len(histogram.buckets) == len(DURATION_BUCKETS) + 1
    assert (histogram.buckets[0], histogram.buckets[2], histogram.buckets[-1]) == (2, 1, 1)
    assert histogram.total == 100.004


def test_a_snapshot_does_not_change_any_more() -> None:
    metrics = Metrics()
    labels = ("i", "h", "s", "GET", 200)
    metrics.count_request(labels, 0.1)
    metrics.upstream_connects["u"] = 1
    snapshot = metrics.snapshot()
    metrics.count_request(labels, 0.1)
    metrics.upstream_connects["u"] = 2
    assert sum(snapshot.durations["i"].buckets) == 1
    assert snapshot.upstream_connects == {"u": 1}


def test_methods_are_bounded() -> None:
    assert [method_class(name) for name in ("GET", "PURGE", "get")] == ["GET", "other", "other"]
