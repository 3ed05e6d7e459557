"""Whole replicas and one Lease, in simulated time: who writes, and that nobody else does."""

from __future__ import annotations

import asyncio

from support.object_store_api import at_once, unreachable
from support.replicas import LEASE, Cluster, in_cluster, ingress

from ingressd.sources.kubernetes.errors import ApiUnreachable

HERE = {"publish_status_address": ("192.0.2.1",)}


def test_one_of_three_leads() -> None:
    async def scene(made: Cluster) -> None:
        for name in "abc":
            await made.start(name, **HERE)
        await asyncio.sleep(100)
        assert made.leaders() == ["a"]
        assert made.api.objects[LEASE]["spec"]["holderIdentity"] == "a"

    in_cluster(scene)


def test_nobody_stands_for_election_before_it_knows_everything() -> None:
    async def scene(made: Cluster) -> None:
        replica = await made.start("a", **HERE)
        assert not replica.is_leader
        assert made.api.requests == []
        await asyncio.sleep(1)
        assert replica.is_leader

    in_cluster(scene)


def test_after_a_kill_the_next_one_goes_on_within_the_lease() -> None:
    async def scene(made: Cluster) -> None:
        first = await made.start("a", **HERE)
        await made.start("b", **HERE)
        await asyncio.sleep(61.3)
        await first.kill()
        made.apply(ingress("orphan"))
        await asyncio.sleep(9)
        assert made.addresses("orphan") == []
        await asyncio.sleep(6.5)
        assert made.leaders() == ["b"]
        assert made.addresses("orphan") == ["192.0.2.1"]

    in_cluster(scene)


def test_a_leader_that_leaves_is_followed_at_once() -> None:
    async def scene(made: Cluster) -> None:
        first = await made.start("a", **HERE)
        await made.start("b", **HERE)
        await asyncio.sleep(30)
        leaving = asyncio.create_task(first.terminate())
        await asyncio.sleep(2.6)
        assert made.leaders() == ["b"]
        await leaving
        assert made.api.objects[LEASE]["spec"]["holderIdentity"] == "b"

    in_cluster(scene)


def test_a_standby_that_leaves_touches_nothing() -> None:
    async def scene(made: Cluster) -> None:
        await made.start("a", **HERE)
        standby = await made.start("b", **HERE)
        await asyncio.sleep(30)
        await standby.terminate()
        assert made.leaders() == ["a"]

    in_cluster(scene)


def test_while_the_api_is_away_nobody_writes_and_afterwards_one_does() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(ingress("web"))
        replicas = [await made.start("a", **HERE), await made.start("b", **HERE)]
        await asyncio.sleep(30)
        made.api.before = unreachable
        await asyncio.sleep(60)
        assert made.leaders() == []
        made.apply(ingress("meanwhile"))
        assert replicas[0].controller.ingresses  # what serves never noticed
        made.api.before = at_once
        await asyncio.sleep(30)
        assert len(made.leaders()) == 1
        assert made.addresses("meanwhile") == ["192.0.2.1"]

    in_cluster(scene)


def test_a_leader_that_cannot_renew_writes_nothing_any_more() -> None:
    """Only its writes to the Lease fail: what it could still do to Ingresses it does not do."""

    async def scene(made: Cluster) -> None:
        only = await made.start("a", **HERE)
        await asyncio.sleep(30)

        async def no_leases(method: str, path: str) -> None:
            if method == "PUT":
                raise ApiUnreachable("reset")

        made.api.before = no_leases
        await asyncio.sleep(10.5)
        assert not only.is_leader
        made.apply(ingress("web"))
        await asyncio.sleep(60)
        assert made.addresses("web") == []

    in_cluster(scene)
