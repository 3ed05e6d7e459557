"""How many slow clients there can be, and what is said of them."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from bench.scale.connections import most_connections
from bench.scale.slow import closings, crowding
from bench.scale.slow_clients import Report, status_of

FINE = Report(count=9, still_open=9, statuses={}, shortest=0.0, longest=0.0, rate=3.2)


@pytest.fixture
def few_files() -> Iterator[None]:
    """This process may open 1024 files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("few_files")
@pytest.mark.parametrize(("wanted", "possible"), [(50, 50), (5000, 124)])
def test_there_are_as_many_as_a_worker_takes_beside_others(wanted: int, possible: int) -> None:
    assert most_connections(wanted) == possible


@pytest.mark.parametrize(
    ("answer", "status"),
    [(b"HTTP/1.1 408 Request Timeout\r\n", 408), (b"HTTP/1.1", 0), (b"", 0), (b"NO 408", 0)],
)
def test_an_answer_begins_with_its_status(answer: bytes, status: int) -> None:
    assert status_of(answer) == status


def test_the_calmest_attack_is_named_and_who_was_lost() -> None:
    lossy = Report(count=9, still_open=7, statuses={0: 2}, shortest=1.0, longest=1.0, rate=5.0)
    assert crowding([lossy, FINE]) == "3 bytes/s of theirs; 2 were closed"
    assert crowding([FINE, FINE]) == "3 bytes/s of theirs"


def test_those_count_that_were_closed_with_408() -> None:
    mixed = {408: 6, 0: 1, 400: 1}
    report = Report(count=9, still_open=1, statuses=mixed, shortest=10.02, longest=10.5, rate=1.0)
    assert closings(report) == "6 of 9, after 10.0 to 10.5 s"
    assert closings(FINE) == "0 of 9"
