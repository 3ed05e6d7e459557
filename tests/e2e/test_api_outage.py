"""The API server goes away under constant traffic: nobody sees it, and no change is missed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import Struct
from support.cluster.admin import Admin
from support.cluster.cluster import Cluster, Namespace
from support.cluster.controller import Controller, controller
from support.cluster.door import Door, open_door
from support.cluster.pod_run import DEFAULT_PORT
from support.cluster.polling import eventually
from support.load import Traffic, traffic

HOST, NEW_HOST = "web.test", "new.test"
OUTAGE_SECONDS = 60.0
STALE_SECONDS = 50.0
UNREACHABLE = "ApiUnreachable"


class Scene(Struct, frozen=True):
    """Three pods behind an Ingress, and ingressd, which reaches the API server through a door:
    where it is shut, objects can still be changed behind it.
    """

    namespace: Namespace
    running: Controller
    door: Door

    @property
    def admin(self) -> Admin:
        return self.running.admin

    async def change(self) -> str:
        """Add an Ingress and delete a pod, which is replaced; returns the address it had."""
        namespace = self.namespace
        await namespace.create_ingress("new", f"{NEW_HOST}/*=web:80")
        pod, *_ = await namespace.pods("web")
        await namespace.kubectl("delete", "pod", pod["metadata"]["name"])
        address = str(pod["status"]["podIP"])
        await eventually(
            lambda: namespace.addresses("web"),
            lambda found: len(found) == 3 and address not in found,
        )
        return address

    async def knows_the_change(self) -> None:
        """Wait until every worker serves the new Ingress, and only the pods there are."""
        addresses = await self.namespace.addresses("web")
        for host in (HOST, NEW_HOST):
            await self.running.has_pods(host, addresses, seconds=60)
        assert await self.running.service(NEW_HOST) == "web"

    async def refused(self) -> float:
        """How many connections to pods could not be made so far."""
        return sum((await self.admin.metric("ingressd_upstream_connect_failures_total")).values())

    async def sends_to_nobody_who_is_gone(self, seen: Traffic) -> None:
        before = await self.refused()
        await seen.more(200)
        assert await self.refused() == before


@pytest.fixture
async def scene(cluster: Cluster, namespace: Namespace, account: Path) -> AsyncIterator[Scene]:
    await namespace.publish("web", HOST)
    async with open_door() as door:
        kubeconfig = cluster.credentials.elsewhere(account, door.url)
        flags = ("--watch-namespace", namespace.name)
        async with controller(kubeconfig, *flags) as running:
            await running.leads(HOST, "web")
            yield Scene(namespace, running, door)


async def told(admin: Admin, *, is_over: bool = False) -> None:
    """Wait until the finding is there, or is gone."""
    await eventually(admin.findings, lambda codes: (UNREACHABLE in codes) != is_over, seconds=60)


async def endure(admin: Admin, ends_at: float) -> None:
    """Until then we count as ready, and tell what is wrong."""
    while time.monotonic() < ends_at:
        assert await admin.readiness() == 200
        assert UNREACHABLE in await admin.findings()
        await asyncio.sleep(0.1)  # the rate of looking, not a wait


@pytest.mark.timeout(240)
async def test_a_minute_without_the_api_server(cluster: Cluster, scene: Scene) -> None:
    """It comes back with no memory of what we knew last, so that everything is listed again."""
    admin, control_plane = scene.admin, cluster.control_plane
    lists = await admin.metric("ingressd_source_relists_total")
    async with traffic(scene.running.http, HOST) as seen:
        scene.door.shut()
        ends_at = time.monotonic() + OUTAGE_SECONDS
        gone = await scene.change()
        await control_plane.stop_api()
        await control_plane.compact()
        await told(admin)
        await endure(admin, ends_at)
        stale = await admin.metric("ingressd_source_stale_seconds")
        assert min(stale.values()) > STALE_SECONDS
        assert f"{gone}:{DEFAULT_PORT}" in await admin.endpoints(HOST)
        assert await scene.refused() > 0  # it was tried, and another pod instead
        assert await scene.running.service(NEW_HOST) == "404"

        await control_plane.start_api()
        await scene.door.open()
        await scene.knows_the_change()
        await scene.sends_to_nobody_who_is_gone(seen)
    assert seen.failures == []
    await told(admin, is_over=True)
    await eventually(
        lambda: admin.metric("ingressd_source_stale_seconds"), lambda now: set(now.values()) == {0}
    )
    lists_now = await admin.metric("ingressd_source_relists_total")
    assert all(lists_now[kind] > count for kind, count in lists.items())


async def test_a_lost_connection_to_the_api_server_costs_no_new_list(scene: Scene) -> None:
    """What changed meanwhile comes by the watch, which goes on from where it was."""
    admin = scene.admin
    async with traffic(scene.running.http, HOST) as seen:
        scene.door.shut()
        await told(admin)
        await scene.change()
        assert await scene.running.service(NEW_HOST) == "404"
        assert await admin.readiness() == 200

        await scene.door.open()
        await scene.knows_the_change()
        await scene.sends_to_nobody_who_is_gone(seen)
    assert seen.failures == []
    await told(admin, is_over=True)
    assert set((await admin.metric("ingressd_source_relists_total")).values()) == {0}
    assert min((await admin.metric("ingressd_source_watch_restarts_total")).values()) >= 1
