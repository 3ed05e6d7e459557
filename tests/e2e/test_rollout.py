"""Pods come and go under constant traffic: nobody sees it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from support.cluster.cluster import Cluster, Namespace
from support.cluster.controller import Controller, controller
from support.cluster.polling import eventually
from support.cluster.workloads import deployment, service
from support.load import traffic

HOST = "web.test"
MISSED = 0.1
"""Seconds within which a pod that left Endpoints must be out."""


async def create_ingress(namespace: Namespace, name: str, rule: str) -> None:
    await namespace.kubectl("create", "ingress", name, "--class=ingressd", f"--rule={rule}")


@pytest.fixture
async def running(
    cluster: Cluster, namespace: Namespace, account: Path
) -> AsyncIterator[Controller]:
    """Three pods behind an Ingress, and ingressd."""
    await namespace.apply(deployment("web", 3), service("web"))
    await create_ingress(namespace, "web", f"{HOST}/*=web:80")
    await namespace.has_addresses("web", 3)
    async with controller(account, "--watch-namespace", namespace.name) as running:
        await eventually(lambda: running.service(HOST), lambda found: found == "web")
        yield running


@pytest.mark.timeout(240)
async def test_ten_rolling_updates_lose_no_request(
    namespace: Namespace, running: Controller
) -> None:
    async with traffic(running.http, HOST) as seen:
        for _ in range(10):
            await namespace.roll("web")
    assert seen.failures == []
    assert len(seen.answers) >= 30  # each of the pods of ten generations had its share


@pytest.mark.timeout(180)
async def test_expose_scale_and_set_image_lose_no_request(
    namespace: Namespace, running: Controller
) -> None:
    kubectl = namespace.kubectl
    async with traffic(running.http, HOST) as seen:
        for replicas in (1, 3, 1):
            await kubectl("scale", "deployment/web", f"--replicas={replicas}")
            await namespace.has_addresses("web", replicas)
        await kubectl("set", "image", "deployment/web", "app=kubia:v2")
        await namespace.rolled_out("web")
    assert seen.failures == []
    await kubectl("expose", "deployment/web", "--name=exposed", "--port=8080", "--target-port=http")
    await create_ingress(namespace, "exposed", "x.test/*=exposed:8080")
    await eventually(lambda: running.service("x.test"), lambda found: found == "web")
    assert (await running.get("x.test")).value(b"x-version") == b"v2"


async def set_ready(namespace: Namespace, ready: bool) -> str:
    """Tell one pod what its readiness probe answers; returns the pod's name."""
    pod = min(await namespace.pods("web"), key=lambda each: each["metadata"]["name"])
    address = f"http://{pod['status']['podIP']}:8080/control/ready"
    async with aiohttp.ClientSession() as client:
        body = b"true" if ready else b"false"
        async with client.post(address, data=body) as response:
            assert response.status == 200
    return str(pod["metadata"]["name"])


async def answering(running: Controller, count: int = 12) -> set[str]:
    """The pods that answer some requests in a row."""
    responses = [await running.get(HOST) for _ in range(count)]
    assert {response.status for response in responses} == {200}
    return {(response.value(b"x-pod") or b"").decode() for response in responses}


async def test_a_pod_that_is_not_ready_is_out_at_once_and_comes_back(
    namespace: Namespace, running: Controller
) -> None:
    async with traffic(running.http, HOST) as seen:
        name = await set_ready(namespace, False)
        await namespace.has_addresses("web", 2)
        left_at = time.monotonic()
        await eventually(lambda: answering(running), lambda pods: name not in pods)
        assert time.monotonic() - left_at < MISSED + 0.2  # twelve requests and a poll take time
        await set_ready(namespace, True)
        await namespace.has_addresses("web", 3)
        await eventually(lambda: answering(running), lambda pods: name in pods)
    assert seen.failures == []


async def test_publish_not_ready_addresses_keeps_it(
    namespace: Namespace, running: Controller
) -> None:
    await namespace.apply(service("web", publishNotReadyAddresses=True))
    name = await set_ready(namespace, False)
    await eventually(lambda: namespace.pods("web"), lambda pods: any(_is_unready(p) for p in pods))
    assert name in await answering(running, 30)


def _is_unready(pod: dict[str, object]) -> bool:
    status: dict[str, list[dict[str, str]]] = pod["status"]  # type: ignore[assignment]
    return any(
        each["type"] == "Ready" and each["status"] == "False" for each in status["conditions"]
    )


@pytest.mark.timeout(240)
@pytest.mark.parametrize("compacted", [False, True])
async def test_a_minute_without_the_api_server(
    cluster: Cluster, namespace: Namespace, running: Controller, compacted: bool
) -> None:
    """Nobody notices, and what changed meanwhile arrives (with compaction: by a new list)."""
    seconds = 60 if compacted else 5
    async with traffic(running.http, HOST) as seen:
        await cluster.control_plane.stop_api()
        await asyncio.sleep(seconds)  # the outage itself, not a wait for anything
        async with aiohttp.ClientSession() as client:
            async with client.get(f"http://127.0.0.1:{running.admin}/readyz") as response:
                assert response.status == 200
            async with client.get(f"http://127.0.0.1:{running.admin}/metrics") as response:
                stale = await response.text()
        assert "ingressd_source_stale_seconds" in stale
        await cluster.control_plane.start_api()
        await create_ingress(namespace, "n", "n.test/*=web:80")
        if compacted:
            await cluster.control_plane.compact()
        await eventually(
            lambda: running.service("n.test"), lambda found: found == "web", seconds=60
        )
    assert seen.failures == []
