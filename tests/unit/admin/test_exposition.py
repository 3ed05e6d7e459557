from __future__ import annotations

from msgspec import structs
from prometheus_client.parser import text_string_to_metric_families
from support.views import StillView, some_requests

from ingressd.admin.exposition import Moment, expose
from ingressd.admin.view import ReplicaState
from ingressd.proxy.observing.metrics import Snapshot
from ingressd.sources.events import KindState

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def _samples(replica: ReplicaState | None = None) -> Samples:
    view = StillView()
    state = structs.replace(view.state, replica=replica)
    body, content_type = expose(
        Moment(some_requests(), view.table, view.findings, state), accept=""
    )
    assert content_type.startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def test_requests_are_counted_by_ingress_host_service_method_and_status() -> None:
    labels = {
        "host": "shop.test",
        "ingress": "shop/web",
        "method": "GET",
        "service": "shop/web:80",
        "status": "200",
    }

    assert _samples()["ingressd_requests_total", tuple(labels.items())] == 2


def test_durations_are_a_cumulative_histogram() -> None:
    samples = _samples()
    bucket = "ingressd_request_duration_seconds_bucket"

    assert samples[bucket, (("ingress", "shop/web"), ("le", "0.001"))] == 0
    assert samples[bucket, (("ingress", "shop/web"), ("le", "0.0025"))] == 1
    assert samples[bucket, (("ingress", "shop/web"), ("le", "60.0"))] == 1
    assert samples[bucket, (("ingress", "shop/web"), ("le", "+Inf"))] == 2
    assert samples["ingressd_request_duration_seconds_count", (("ingress", "shop/web"),)] == 2
    assert samples["ingressd_request_duration_seconds_sum", (("ingress", "shop/web"),)] == 99.002


def test_the_configuration_and_its_certificates_are_dated() -> None:
    samples = _samples()
    expiry = "ingressd_certificate_expiry_timestamp_seconds"

    assert samples["ingressd_configuration_generation", ()] == 7
    assert samples["ingressd_configuration_last_change_timestamp_seconds", ()] == 1.8e9
    assert samples[expiry, (("host", "shop.test"), ("secret", "shop/tls"))] == 1.9e9
    assert samples[expiry, (("host", ""), ("secret", "shop/tls"))] == 1.9e9


def test_workers_findings_and_the_build_are_there() -> None:
    samples = _samples()
    finding = (("code", "ServiceNotFound"), ("severity", "error"))

    assert samples["ingressd_workers", (("state", "serving"),)] == 2
    assert samples["ingressd_workers", (("state", "starting"),)] == 0
    assert samples["ingressd_worker_restarts_total", ()] == 2
    assert samples["ingressd_worker_generation", (("worker", "1"),)] == 7
    assert samples["ingressd_worker_lag_seconds", (("worker", "1"),)] == 0.002
    assert samples["ingressd_worker_memory_bytes", (("worker", "1"),)] == 64 << 20
    assert samples["ingressd_worker_memory_limit_bytes", (("worker", "1"),)] == 96 << 20
    assert ("ingressd_worker_memory_limit_bytes", (("worker", "0"),)) not in samples, "unbounded"
    assert samples["ingressd_findings", finding] == 1
    assert samples["ingressd_upstream_retries_total", (("upstream", "shop/web:80"),)] == 1
    assert samples["ingressd_open_connections", ()] == 3
    assert any(name == "ingressd_build_info" for name, _ in samples)


def test_openmetrics_is_given_to_whom_asks_for_it() -> None:
    view = StillView()
    moment = Moment(some_requests(), view.table, view.findings, view.state)
    body, content_type = expose(moment, accept="application/openmetrics-text; version=1.0.0")

    assert content_type.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")


def test_in_a_cluster_it_says_who_leads_and_what_could_not_be_written() -> None:
    samples = _samples(ReplicaState(True, {"Events": 3}))

    assert samples["ingressd_leader", ()] == 1
    assert samples["ingressd_write_failures_total", (("what", "Events"),)] == 3
    assert ("ingressd_leader", ()) not in _samples()


def test_staleness_is_told_by_kind() -> None:
    view = StillView()
    kinds = (KindState("Ingress", 7.5, relists=1, restarts=2), KindState("Service", 0.0, 0, 0))
    state = structs.replace(view.state, kinds=kinds)
    body, _ = expose(Moment(some_requests(), view.table, view.findings, state), accept="")
    text = body.decode()
    assert state.stale == 7.5
    assert 'ingressd_source_stale_seconds{kind="Ingress"} 7.5' in text
    assert 'ingressd_source_relists_total{kind="Ingress"} 1.0' in text
    assert 'ingressd_source_watch_restarts_total{kind="Ingress"} 2.0' in text
    assert 'ingressd_source_stale_seconds{kind="Service"} 0.0' in text


def test_what_failed_is_counted() -> None:
    view = StillView()
    state = structs.replace(view.state, publish_failures=2, source_failures=3)
    body, _ = expose(Moment(some_requests(), view.table, view.findings, state), accept="")
    text = body.decode()
    assert "ingressd_publish_failures_total 2.0" in text
    assert "ingressd_source_failures_total 3.0" in text


def test_what_was_refused_for_lack_of_memory_is_counted() -> None:
    view, snapshot = StillView(), Snapshot(shed=7, memory_errors=2)
    body, _ = expose(Moment(snapshot, view.table, view.findings, view.state), accept="")
    text = body.decode()
    assert "ingressd_shed_requests_total 7.0" in text
    assert "ingressd_memory_errors_total 2.0" in text


def test_lines_that_logs_lost_are_counted_by_log() -> None:
    view = StillView()
    snapshot = some_requests()
    snapshot.lost_access_lines, snapshot.lost_log_lines = 5, 2
    snapshot.lost_copies = 4
    state = structs.replace(view.state, lost_log_lines=1)
    body, _ = expose(Moment(snapshot, view.table, view.findings, state), accept="")
    text = body.decode()

    assert 'ingressd_lost_log_lines_total{log="access"} 5.0' in text
    assert 'ingressd_lost_log_lines_total{log="error"} 3.0' in text
    assert "ingressd_lost_mirror_copies_total 4.0" in text
