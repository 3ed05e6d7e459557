"""Giving a Lease up, in simulated time: whatever became of our last claim, nobody waits for us."""

from __future__ import annotations

import asyncio

import pytest
from support.elections import LEASE, contenders, holder, now, until_acts
from support.object_store_api import ObjectStoreApi, at_once
from support.simulated_time import run_simulated


async def nothing() -> None:
    """An act with no effect."""


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


def test_a_released_lease_is_taken_within_one_look() -> None:
    async def scene() -> None:
        async with contenders("a", "b") as (_, (a, b)):
            await until_acts(a)
            await asyncio.sleep(20)
            await a.stop()
            assert await a.elector.release()
            assert not a.elector.is_leader
            released = now()
            assert await until_acts(b) - released <= 2.5
            assert not await a.elector.last_act(nothing)

    run_simulated(scene())


@pytest.mark.parametrize("renewals", [0, 1])
def test_a_lease_is_released_though_a_claim_was_cut_off(renewals: int) -> None:
    """The very first claim and a renewal: the Lease has moved on, and we have not heard of it."""

    async def scene() -> None:
        async with contenders("a") as (api, (a,)):
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
        async with contenders("a") as (api, (a,)):
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
        async with contenders("a") as (api, (a,)):
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
        async with contenders("a") as (api, (a,)):
            await until_acts(a)
            await a.stop()
            Unanswered(api)
            begun = now()
            assert not await a.elector.release()
            assert now() - begun <= a.elector.timing.renew_deadline / 2

    run_simulated(scene())


def test_a_released_lease_that_nobody_wants_can_be_claimed_again() -> None:
    async def scene() -> None:
        async with contenders("a") as (api, (a,)):
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
        async with contenders("a", "b") as (api, (a, b)):
            await until_acts(a)
            await asyncio.sleep(5)
            await b.stop()
            assert not await b.elector.release()
            assert holder(api) == "a"

    run_simulated(scene())
