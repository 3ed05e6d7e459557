"""Elections in simulated time. Whatever the network does, two never lead at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.object_store_api import ObjectStoreApi, at_once
from support.simulated_time import run_simulated

from ingressd.controller.cluster.elector import Candidate, Elector
from ingressd.controller.cluster.failures import Failures
from ingressd.sources.kubernetes.errors import ApiError, ApiUnreachable

LEASES = "/apis/coordination.k8s.io/v1/namespaces/ingress/leases"
LEASE = f"{LEASES}/leader"


class Replica:
    """An elector, and whether what it leads is acting."""

    def __init__(self, api: ObjectStoreApi, name: str) -> None:
        self.acting = False
        self.terms = 0
        self.failures = Failures()
        candidate = Candidate(name, "ingress", "leader")
        self.elector = Elector(api, candidate, self.failures)  # type: ignore[arg-type]
        self.task = asyncio.create_task(self.elector.run(self._lead), name=name)

    async def _lead(self) -> None:
        self.acting = True
        self.terms += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.acting = False

    async def stop(self) -> None:
        """As at SIGKILL: nothing is released."""
        self.task.cancel()
        await asyncio.wait((self.task,))


@asynccontextmanager
async def replicas(*names: str) -> AsyncIterator[tuple[ObjectStoreApi, list[Replica]]]:
    api = ObjectStoreApi()
    made = [Replica(api, name) for name in names]
    try:
        yield api, made
    finally:
        for each in made:
            await each.stop()


def now() -> float:
    return asyncio.get_running_loop().time()


async def nothing() -> None:
    """An act with no effect."""


async def until_acts(replica: Replica) -> float:
    """When it begins to act."""
    while not replica.acting:  # noqa: ASYNC110 (simulated time: polling costs nothing)
        await asyncio.sleep(0.05)
    return now()


def holder(api: ObjectStoreApi) -> str:
    return str(api.objects[LEASE]["spec"].get("holderIdentity", ""))


def test_one_of_two_leads_and_goes_on_leading() -> None:
    async def scene() -> None:
        async with replicas("a", "b") as (api, (a, b)):
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
        async with replicas("a", "b") as (api, (a, b)):
            await until_acts(a)
            await asyncio.sleep(lived)
            killed = now()
            await a.stop()
            took = await until_acts(b) - killed
            assert 10 - 2.4 < took <= 15.1
            assert api.objects[LEASE]["spec"]["leaseTransitions"] == 1

    for lived in (30.0, 30.7, 31.4, 32.1, 33.3):
        run_simulated(scene(lived))


def test_a_released_lease_is_taken_within_one_look() -> None:
    async def scene() -> None:
        async with replicas("a", "b") as (_, (a, b)):
            await until_acts(a)
            await asyncio.sleep(20)
            await a.stop()
            assert await a.elector.release()
            assert not a.elector.is_leader
            released = now()
            assert await until_acts(b) - released <= 2.5
            assert not await a.elector.last_act(nothing)

    run_simulated(scene())


class Unanswered:
    """Writes reach the API server, but their answers do not come, so whoever sends one is cut off
    in the middle of it. ``begun`` is set when one has arrived."""

    def __init__(self, api: ObjectStoreApi) -> None:
        self.begun = asyncio.Event()
        api.after = self._hang

    async def _hang(self, method: str, path: str) -> None:
        if method != "GET":
            self.begun.set()
            await asyncio.sleep(1000)


@pytest.mark.parametrize("renewals", [0, 1])
def test_a_lease_is_released_though_a_claim_was_cut_off(renewals: int) -> None:
    """The very first claim and a renewal: the Lease has moved on, and we have not heard of it."""

    async def scene() -> None:
        async with replicas("a") as (api, (a,)):
            if renewals:
                await until_acts(a)
            await Unanswered(api).begun.wait()
            await a.stop()
            assert holder(api) == "a"
            api.after = at_once
            assert await a.elector.release()
            assert holder(api) == ""

    run_simulated(scene())


def test_a_renewal_that_arrives_during_the_release_does_not_undo_it() -> None:
    async def scene() -> None:
        async with replicas("a") as (api, (a,)):
            await until_acts(a)
            await Unanswered(api).begun.wait()
            await a.stop()
            late = [api.objects[LEASE]]

            async def arrive(method: str, path: str) -> None:
                if method == "GET" and late:
                    api.put(LEASE, late.pop())

            api.after = arrive
            assert await a.elector.release()
            assert holder(api) == ""

    run_simulated(scene())


def test_what_another_replica_took_meanwhile_is_not_released() -> None:
    async def scene() -> None:
        async with replicas("a") as (api, (a,)):
            await until_acts(a)
            await Unanswered(api).begun.wait()
            await a.stop()
            taken = {**api.objects[LEASE], "spec": {"holderIdentity": "b"}}
            api.put(LEASE, taken)
            api.after = at_once
            assert not await a.elector.release()
            assert holder(api) == "b"

    run_simulated(scene())


def test_a_release_without_an_answer_takes_no_longer_than_any_other_attempt() -> None:
    async def scene() -> None:
        async with replicas("a") as (api, (a,)):
            await until_acts(a)
            await a.stop()
            Unanswered(api)
            begun = now()
            assert not await a.elector.release()
            assert now() - begun <= a.elector.timing.renew_deadline / 2

    run_simulated(scene())


def test_a_released_lease_that_nobody_wants_can_be_claimed_again() -> None:
    async def scene() -> None:
        async with replicas("a") as (api, (a,)):
            await until_acts(a)
            await a.stop()
            assert await a.elector.release()
            assert holder(api) == ""
            seen = []

            async def act() -> None:
                await asyncio.sleep(30)  # longer than a Lease lasts without renewal
                seen.append((holder(api), a.elector.is_leader))

            assert await a.elector.last_act(act)
            assert seen == [("a", True)]
            assert (holder(api), a.elector.is_leader) == ("", False)

    run_simulated(scene())


def test_a_standby_has_nothing_to_release() -> None:
    async def scene() -> None:
        async with replicas("a", "b") as (api, (a, b)):
            await until_acts(a)
            await asyncio.sleep(5)
            await b.stop()
            assert not await b.elector.release()
            assert holder(api) == "a"

    run_simulated(scene())


def test_a_leader_that_is_cut_off_stops_at_its_deadline_and_comes_back() -> None:
    async def scene() -> None:
        async with replicas("a") as (api, (a,)):
            await until_acts(a)
            last = now()

            async def cut_off(method: str, path: str) -> None:
                raise ApiUnreachable("no route to host")

            api.before = cut_off
            while a.acting:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            assert 9.5 < now() - last <= 10.1
            assert a.failures.counts["leader election"] >= 3

            async def restored(method: str, path: str) -> None:
                return

            api.before = restored
            healed = now()
            assert await until_acts(a) - healed <= 2.5
            assert api.objects[LEASE]["spec"]["leaseTransitions"] == 0

    run_simulated(scene())


def test_a_request_that_hangs_does_not_keep_a_leader_acting() -> None:
    async def scene() -> None:
        async with replicas("a", "b") as (api, (a, b)):
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
        async with replicas("a", "b") as (api, (a, b)):
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
        async with replicas("a") as (api, (a,)):
            await until_acts(a)
            del api.objects[LEASE]
            await asyncio.sleep(6)
            assert (holder(api), a.terms) == ("a", 1)

    run_simulated(scene())


def test_a_leader_yields_at_once_to_somebody_who_took_the_lease() -> None:
    async def scene() -> None:
        async with replicas("a") as (api, (a,)):
            await until_acts(a)
            stolen = {**api.objects[LEASE]}
            stolen["spec"] = {**stolen["spec"], "holderIdentity": "thief"}
            api.put(LEASE, stolen)
            await asyncio.sleep(5)
            assert not a.acting

    run_simulated(scene())


def test_being_forbidden_is_said_once_and_counted(caplog: object) -> None:
    async def scene() -> None:
        async with replicas("a") as (api, (a,)):

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
    async with replicas("a", "b", "c") as (api, made):
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
