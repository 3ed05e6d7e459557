"""Which cases there are, what is read from wrk, and how the ratios are shown."""

from __future__ import annotations

import pytest

from bench.options import chosen
from bench.proxies.peers import MANY, OTHER, PEERS, SUBJECT
from bench.ratios.cases import CASES, Case
from bench.ratios.report import render
from bench.ratios.wrk import LoadError, Run, parse_wrk


def costing(*microseconds: float) -> list[Run]:
    """A run of a thousand requests for each."""
    return [Run(1000, seconds=1.0, cpu_seconds=each / 1000) for each in microseconds]


def cases(names: str) -> tuple[Case, ...]:
    return chosen(names, CASES)


def test_the_large_table_is_measured_beside_the_small_one_alone() -> None:
    names = [peer.name for peer in PEERS]
    http, many = cases("http,many")
    assert [name for name in names if not http.concerns(name)] == [MANY]
    assert [name for name in names if many.concerns(name)] == [SUBJECT, MANY]


def test_wrk_reports_finished_requests() -> None:
    assert parse_wrk("  4321 requests in 1.00s, 3MB read\n", may_be_cut=False) == 4321


@pytest.mark.parametrize(
    ("report", "may_be_cut"),
    [
        ("  Non-2xx or 3xx responses: 7\n  9 requests in 1.0s", True),
        ("  Socket errors: connect 0, read 3, write 0, timeout 0\n  9 requests in 1.0s", False),
        ("  Socket errors: connect 1, read 3, write 0, timeout 0\n  900 requests in 1.0s", True),
        ("  Socket errors: connect 0, read 10, write 0, timeout 0\n  900 requests in 1.0s", True),
        ("  0 requests in 1.0s", False),
        ("", False),
    ],
)
def test_a_run_with_failures_measures_nothing(report: str, may_be_cut: bool) -> None:
    with pytest.raises(LoadError):
        parse_wrk(report, may_be_cut=may_be_cut)


def test_few_answers_that_end_their_connection_may_be_counted_late() -> None:
    report = "  Socket errors: connect 0, read 9, write 0, timeout 0\n  900 requests in 1.0s"
    assert parse_wrk(report, may_be_cut=True) == 900


def test_every_ratio_has_its_target_beside_it() -> None:
    samples = {
        ("http", "ingressd"): costing(48, 40, 90),
        ("http", "nginx"): costing(24),
        ("http", "haproxy"): costing(20),
        ("many", "ingressd"): costing(50),
        ("many", "ingressd+10k"): costing(51),
    }
    peers = ["ingressd", "ingressd+10k", "nginx", "haproxy"]
    _, ratios = render(samples, cases("http,many"), peers).split("\n\n")
    head, http, many = (line.split() for line in ratios.splitlines())
    assert " ".join(head) == "ratio of ingressd to nginx at most haproxy ingressd at most"
    assert http[-3:] == ["2.00", "2.4", "2.40"]
    assert many[-2:] == ["1.02", "1.1"]


def test_what_failed_is_shown_as_such() -> None:
    text = render({("http", "nginx"): costing(24)}, cases("http"), ["ingressd", "nginx"])
    assert text.splitlines()[-1].split()[-2:] == ["-", "2.4"]


def test_another_interpreter_has_a_ratio_but_no_target() -> None:
    samples = {("http", SUBJECT): costing(52), ("http", OTHER): costing(40)}
    *_, head, row = render(samples, cases("http"), [SUBJECT, OTHER]).splitlines()
    assert head.split()[-1] == OTHER
    assert row.split()[-1] == "1.30"
