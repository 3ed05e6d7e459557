"""Elections in simulated time. Whatever the network does, two never lead at once."""

from __future__ import annotations

import asyncio
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from support.elections import LEASE, contenders, holder, now, until_acts
from support.object_store_api import at_once, unreachable
from support.simulated_time import run_simulated

from ingressd.sources.kubernetes.errors import ApiError, ApiUnreachable


def test_one_of_two_leads_and_goes_on_leading() -> None:
    async def scene() -> None:
        async with contenders("a", "b") as (api, (a, b)):
            await until_acts(a)
            await asyncio.sleep(3600)
            assert (a.acting, a.terms, b.acting) == (True, 1, False)
            assert holder(api) == "a"
            assert api.objects[LEASE]["spec"]["leaseTransitions"] == 0
            reads, writes = len(api.sent("GET")), len(api.sent("PUT"))
            assert 1400 < writes < 1900
            assert reads < 1900  # the standby's: a leader that renews does not read

    run_simulated(scene())


def test_a_killed_leader_is_replaced_within_its_lease_and_not_before_it_must_have_stopped() -> None:
    async def scene(lived: float) -> None:
        async with contenders("a", "b") as (api, (a, b)):
            await until_acts(a)
            await asyncio.sleep(lived)
            killed = now()
            await a.stop()
            took = await until_acts(b) - killed
            assert 10 - 2.4 < took <= 15.1
            assert api.objects[LEASE]["spec"]["leaseTransitions"] == 1

    for lived in (30.0, 30.7, 31.4, 32.1, 33.3):
        run_simulated(scene(lived))


def test_a_leader_that_is_cut_off_stops_at_its_deadline_and_comes_back() -> None:
    async def scene() -> None:
        async with contenders("a") as (api, (a,)):
            await until_acts(a)
            last = now()
            api.before = unreachable
            while a.acting:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            assert 9.5 < now() - last <= 10.1
            assert a.failures.counts["leader election"] >= 3
            api.before = at_once
            healed = now()
            assert await until_acts(a) - healed <= 2.5
            assert api.objects[LEASE]["spec"]["leaseTransitions"] == 0

    run_simulated(scene())


def test_a_request_that_hangs_does_not_keep_a_leader_acting() -> None:
    async def scene() -> None:
        async with contenders("a", "b") as (api, (a, b)):
            await until_acts(a)

            async def hang(method: str, path: str) -> None:
                if method == "PUT" and not b.acting:
                    await asyncio.sleep(1000)

            started = now()
            api.before = hang
            while a.acting:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            assert now() - started <= 10.1

    run_simulated(scene())


def test_a_slow_answer_does_not_prolong_a_term() -> None:
    """The time counts from when a renewal was sent: others count from when they see it."""

    async def scene() -> None:
        async with contenders("a", "b") as (api, (a, b)):
            await until_acts(a)
            await asyncio.sleep(20)
            sent: list[float] = []

            async def cut_off_after_one(method: str, path: str) -> None:
                if is_of("a"):
                    sent.append(now())
                    if len(sent) > 1:
                        raise ApiUnreachable("reset")

            async def slowly(method: str, path: str) -> None:
                await asyncio.sleep(4.9 if is_of("a") else 0)

            api.before, api.after = cut_off_after_one, slowly
            while not b.acting:
                await asyncio.sleep(0.05)
                if a.acting and sent:
                    assert now() - sent[0] <= 10.1
            assert not a.acting

    run_simulated(scene())


def is_of(name: str) -> bool:
    """Whether the request at hand is of this replica."""
    task = asyncio.current_task()
    return task is not None and task.get_name() == name


def test_a_lease_that_somebody_deletes_is_made_again() -> None:
    async def scene() -> None:
        async with contenders("a") as (api, (a,)):
            await until_acts(a)
            del api.objects[LEASE]
            await asyncio.sleep(6)
            assert (holder(api), a.terms) == ("a", 1)

    run_simulated(scene())


def test_a_leader_yields_at_once_to_somebody_who_took_the_lease() -> None:
    async def scene() -> None:
        async with contenders("a") as (api, (a,)):
            await until_acts(a)
            stolen = {**api.objects[LEASE]}
            stolen["spec"] = {**stolen["spec"], "holderIdentity": "thief"}
            api.put(LEASE, stolen)
            await asyncio.sleep(5)
            assert not a.acting

    run_simulated(scene())


def test_being_forbidden_is_said_once_and_counted(caplog: object) -> None:
    async def scene() -> None:
        async with contenders("a") as (api, (a,)):

            async def forbid(method: str, path: str) -> None:
                raise ApiError(403, "Forbidden", "leases is forbidden")

            api.before = forbid
            await asyncio.sleep(60)
            assert not a.acting
            assert a.failures.counts["leader election"] > 20

    run_simulated(scene())
    warnings = [r for r in caplog.records if r.levelname == "WARNING"]  # type: ignore[attr-defined]
    assert len(warnings) == 1


# A fault of the network: seconds before the request arrives, whether it is lost there, seconds
# before the answer arrives, and whether that is lost.
FAULTS = st.tuples(
    st.sampled_from([0.0, 0.01, 0.5, 1.9, 4.9, 12.0, 30.0]),
    st.booleans(),
    st.sampled_from([0.0, 0.01, 0.5, 1.9, 4.9, 12.0, 30.0]),
    st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.just((0.01, False, 0.01, False)), FAULTS), min_size=1, max_size=60),
    st.lists(st.sampled_from(["kill", "release", "stay"]), max_size=4),
    st.integers(0, 2**32),
)
def test_two_never_lead_at_once(
    faults: list[tuple[float, bool, float, bool]], fates: list[str], seed: int
) -> None:
    random.seed(seed)
    run_simulated(_never_two(faults, fates))


async def _never_two(faults: list[tuple[float, bool, float, bool]], fates: list[str]) -> None:
    async with contenders("a", "b", "c") as (api, made):
        queue = iter(faults)
        answers = {}

        async def before(method: str, path: str) -> None:
            delay, lost, answer_delay, answer_lost = next(queue, (0.01, False, 0.01, False))
            task = asyncio.current_task()
            answers[task] = (answer_delay, answer_lost)
            await asyncio.sleep(delay)
            if lost:
                raise ApiUnreachable("reset on the way")

        async def after(method: str, path: str) -> None:
            delay, lost = answers[asyncio.current_task()]
            await asyncio.sleep(delay)
            if lost:
                raise ApiUnreachable("reset on the way back")

        api.before, api.after = before, after
        for fate in [*fates, "stay"]:
            for _ in range(300):
                await asyncio.sleep(0.1)
                assert sum(each.elector.is_leader or each.acting for each in made) <= 1
            current = [each for each in made if each.acting]
            if fate != "stay" and current:
                await current[0].stop()
                if fate == "release":
                    await current[0].elector.release()
        assert sum(each.acting for each in made) <= 1
