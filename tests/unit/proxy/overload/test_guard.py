"""What is done about memory that runs out, second by second, and what is said of it."""

from __future__ import annotations

import asyncio
import logging

import pytest

from ingressd.proxy.clock import Clock
from ingressd.proxy.observing.metrics import Metrics
from ingressd.proxy.overload.gauge import Reading, Use
from ingressd.proxy.overload.guard import INTERVAL, USUAL_CONNECTION, MemoryGuard

MIB = 1 << 20
LIMIT = 1000 * MIB
OWN = 100 * MIB


class Figures:
    """A gauge that says what a test sets."""

    def __init__(self, limit: int = LIMIT, mapped_limit: int = 0) -> None:
        self.used = self.mapped = OWN
        self.limit, self.mapped_limit = limit, mapped_limit
        self.is_closed = False

    def read(self) -> Reading:
        return Reading(Use(self.used, self.limit), Use(self.mapped, self.mapped_limit))

    def close(self) -> None:
        self.is_closed = True


class Deeds:
    """Notes what it is told to do; ``holds`` is what clients may hold."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.holds = 2 * LIMIT

    def begin(self) -> None:
        self.done.append("begin")

    def go_on(self) -> None:
        self.done.append("go on")

    def end(self) -> None:
        self.done.append("end")

    def held(self) -> int:
        return self.holds


class Case:
    """A guard and what surrounds it."""

    def __init__(self, figures: Figures) -> None:
        self.figures, self.deeds, self.metrics = figures, Deeds(), Metrics()
        self.clock = Clock(asyncio.get_running_loop())
        self.guard = MemoryGuard(figures, self.deeds, self.clock, self.metrics)

    def see(self, *used: int) -> list[str]:
        """What is done when so many MiB are in use, a second after the other."""
        self.deeds.done.clear()
        for each in used:
            self.figures.used = each * MIB
            self.guard.expire()
        return self.deeds.done


def case(**figures: int) -> Case:
    made = Case(Figures(**figures))
    made.guard.start()
    return made


async def test_it_sheds_from_the_one_threshold_to_the_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    guarded = case()
    assert guarded.see(100, 899) == []
    assert guarded.see(901, 899, 851) == ["begin", "go on", "go on", "go on"]
    guarded.metrics.shed = 7
    assert guarded.see(849, 899) == ["end"]
    assert guarded.guard.memory == Use(899 * MIB, LIMIT)
    begun, ended = (record.getMessage() for record in caplog.records)
    assert begun.startswith("memory runs out: 901 MiB of 1000 MiB (--worker-memory-limit)")
    assert ended == "memory suffices again: 849 MiB; 7 requests were refused"


async def test_it_looks_every_second_and_not_after_its_end() -> None:
    guarded = case()
    guarded.guard.expire()
    assert guarded.guard.deadline == guarded.clock.now + INTERVAL
    guarded.guard.stop()
    assert guarded.figures.is_closed


async def test_address_space_may_run_out_first(caplog: pytest.LogCaptureFixture) -> None:
    guarded = case(limit=0, mapped_limit=LIMIT)
    guarded.figures.mapped = 950 * MIB
    assert guarded.see(100) == ["begin", "go on"]
    assert "(RLIMIT_AS)" in caplog.text


@pytest.mark.parametrize("limit", [64 * MIB, 1])
async def test_a_limit_below_what_a_worker_needs_is_told_and_refuses_nobody(
    limit: int, caplog: pytest.LogCaptureFixture
) -> None:
    guarded = case(limit=limit)
    assert guarded.see(100, 110) == []
    assert guarded.see(140) == ["begin", "go on"]
    complaint, _ = (record.getMessage() for record in caplog.records)
    assert complaint.startswith("a worker takes 100 MiB for itself, and --worker-memory-limit of")
    assert "--workers" in complaint


async def test_no_refusal_goes_on_for_what_no_client_holds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The table has grown, say: there would be no end to it."""
    guarded = case()
    guarded.deeds.holds = 10 * MIB
    assert guarded.see(1200, 1200, 1200) == ["begin", "go on", "go on", "end"]
    assert guarded.see(1200, 1200) == []
    assert "a worker takes 1190 MiB for itself" in caplog.text
    assert guarded.see(800, 950) == ["begin", "go on"], "it needs less by now"


async def test_connections_are_as_many_as_fit(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    guarded = case()
    assert guarded.guard.affordable(1000) == 1000
    assert caplog.records == []
    assert guarded.guard.affordable(1 << 20) == 750 * MIB // USUAL_CONNECTION
    (record,) = caplog.records
    said = record.getMessage()
    assert "max-worker-connections" in said and "57344 MiB" in said
    assert "--worker-memory-limit leaves them 750 MiB" in said


async def test_what_leaves_room_for_few_connections_is_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    guarded = case(mapped_limit=LIMIT // 2)
    assert guarded.guard.affordable(1 << 20) == 325 * MIB // USUAL_CONNECTION
    assert "RLIMIT_AS leaves them 325 MiB" in caplog.text


async def test_a_change_of_policy_while_much_is_in_use_admits_as_many_as_before() -> None:
    guarded = case()
    before = guarded.guard.affordable(1 << 20)
    guarded.deeds.holds = 10 * MIB
    guarded.see(1200, 1200, 1200)
    assert guarded.guard.affordable(1 << 20) == before


async def test_without_a_limit_any_number_of_connections_fits() -> None:
    assert case(limit=0).guard.affordable(1 << 20) == 1 << 20


async def test_what_fits_is_not_known_before_the_start() -> None:
    assert Case(Figures(limit=1)).guard.affordable(16384) == 16384


async def test_memory_errors_are_told_once_for_all_and_make_room(
    caplog: pytest.LogCaptureFixture,
) -> None:
    guarded = case()
    guarded.metrics.memory_errors = 3000
    assert guarded.see(100, 100) == ["go on"]
    guarded.metrics.memory_errors = 3001
    guarded.see(100)
    assert [record.args for record in caplog.records] == [(3000,), (1,)]
