"""Pods come and go, and so does ingressd, under constant traffic: nobody sees it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import aiohttp
import pytest
from msgspec import Struct
from support.clients import connect
from support.cluster.cluster import Namespace
from support.cluster.controller import Controller, controller
from support.cluster.endpoints_watch import EndpointsWatch, watching_endpoints
from support.cluster.pod_run import DEFAULT_PORT
from support.cluster.polling import eventually
from support.cluster.workloads import service
from support.load import Traffic, traffic
from support.waiting import refuses, until

HOST = "web.test"
ROUNDS = 5
MISSED = 0.1
"""Seconds within which a pod that left Endpoints must be out."""

HALF_A_POST = b"POST / HTTP/1.1\r\nHost: web.test\r\nContent-Length: 10\r\n\r\nfirst"
OTHER_HALF = b" last"
GOING_AWAY = 1001  # RFC 6455 section 7.4.1


@pytest.fixture
async def flags() -> tuple[str, ...]:
    """More flags for ``running``; a test may parametrize them."""
    return ()


@pytest.fixture
async def pre_stop() -> float:
    """Seconds for which a pod goes on after it was told to stop; a test may parametrize them."""
    return 0


@pytest.fixture
async def running(
    namespace: Namespace, account: Path, flags: tuple[str, ...], pre_stop: float
) -> AsyncIterator[Controller]:
    """Three pods behind an Ingress, and ingressd."""
    await namespace.publish("web", HOST, pre_stop=pre_stop)
    async with controller(account, "--watch-namespace", namespace.name, *flags) as running:
        await running.leads(HOST, "web")
        yield running


@pytest.mark.timeout(240)
@pytest.mark.parametrize("pre_stop", [0.5])
async def test_ten_rolling_updates_lose_no_request(
    namespace: Namespace, running: Controller
) -> None:
    async with traffic(running.http, HOST) as seen:
        for _ in range(10):
            await namespace.roll("web")
    assert seen.failures == []
    assert len(seen.answers) >= 30  # each of the pods of ten generations had its share


@pytest.mark.timeout(240)
async def test_ten_rolling_updates_of_pods_that_close_at_once(
    namespace: Namespace, running: Controller
) -> None:
    """A POST that meets a closing connection must not be sent again: the pod may have read it."""
    async with traffic(running.http, HOST) as seen:
        for _ in range(10):
            await namespace.roll("web")
    assert [failure for failure in seen.failures if not failure.startswith("POST: 502")] == []
    assert len(seen.failures) <= seen.answers.total() / 1000


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
    await namespace.create_ingress("exposed", "x.test/*=exposed:8080")
    await running.leads("x.test", "web")
    assert (await running.get("x.test")).value(b"x-version") == b"v2"


class Pod(Struct, frozen=True):
    """One of the pods, whose readiness probe answers what it is told to."""

    name: str
    address: str

    async def set_ready(self, ready: bool) -> None:
        url = f"http://{self.address}:{DEFAULT_PORT}/control/ready"
        body = b"true" if ready else b"false"
        async with aiohttp.ClientSession() as client, client.post(url, data=body) as response:
            assert response.status == 200


async def one_pod(namespace: Namespace) -> Pod:
    pod = min(await namespace.pods("web"), key=lambda each: each["metadata"]["name"])
    return Pod(pod["metadata"]["name"], pod["status"]["podIP"])


async def out_and_back(
    running: Controller, pod: Pod, endpoints: EndpointsWatch, seen: Traffic
) -> float:
    """Seconds from the moment at which Endpoints lost a pod until its last answer."""
    await pod.set_ready(False)
    left_at = await endpoints.until(lambda addresses: pod.address not in addresses)
    await seen.more(1000)  # far more than fit into the time that is allowed
    assert f"{pod.address}:{DEFAULT_PORT}" not in await running.admin.endpoints(HOST)
    answers, last_at = seen.answers[pod.name], seen.last[pod.name]
    await seen.more(200)
    assert seen.answers[pod.name] == answers

    await pod.set_ready(True)
    await endpoints.until(lambda addresses: pod.address in addresses)
    await until(lambda: seen.answers[pod.name] > answers)
    return max(0.0, last_at - left_at)


async def test_a_pod_that_is_not_ready_is_out_at_once_and_comes_back(
    namespace: Namespace, running: Controller
) -> None:
    pod = await one_pod(namespace)
    async with (
        traffic(running.http, HOST) as seen,
        watching_endpoints(namespace, "web") as endpoints,
    ):
        await until(lambda: pod.name in seen.answers)
        lags = [await out_and_back(running, pod, endpoints, seen) for _ in range(ROUNDS)]
    sys.stdout.write(f"seconds from the Endpoints change to the last answer: {lags}\n")
    assert seen.failures == []
    assert median(lags) <= MISSED, lags


async def test_publish_not_ready_addresses_keeps_it(
    namespace: Namespace, running: Controller
) -> None:
    """A second Service and a fourth pod tell when the unready one has been looked at."""
    pod = await one_pod(namespace)
    strict = service("strict", selector={"app": "web"})
    await namespace.apply(service("web", publishNotReadyAddresses=True), strict)
    await namespace.has_addresses("strict", 3)
    await pod.set_ready(False)
    await namespace.has_addresses("strict", 2)
    await namespace.kubectl("scale", "deployment/web", "--replicas=4")
    addresses = await namespace.has_addresses("web", 4)
    assert pod.address in addresses
    assert pod.address not in await namespace.has_addresses("strict", 3)
    await running.has_pods(HOST, addresses)
    assert pod.name in await answering(running)

    await namespace.apply(service("web", publishNotReadyAddresses=False))
    await running.has_pods(HOST, addresses - {pod.address})
    assert pod.name not in await answering(running)


async def answering(running: Controller, count: int = 30) -> set[str]:
    """The pods that answer some requests in a row."""
    responses = [await running.get(HOST) for _ in range(count)]
    assert {response.status for response in responses} == {200}
    return {(response.value(b"x-pod") or b"").decode() for response in responses}


@asynccontextmanager
async def websocket(running: Controller) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A WebSocket to a pod that echoes."""
    url, headers = f"http://127.0.0.1:{running.http}/ws", {"Host": HOST}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(url, headers=headers) as socket,
    ):
        assert await echoed(socket, "first")
        yield socket


async def echoed(socket: aiohttp.ClientWebSocketResponse, text: str) -> bool:
    """Whether a message comes back."""
    await socket.send_str(text)
    return await socket.receive_str() == text


async def answers_until_it_refuses(running: Controller) -> None:
    """New connections are served to the end, which comes while they are opened or before."""
    while True:
        try:
            response = await running.get(HOST)
        except ConnectionError:
            break
        assert response.status == 200
    await until(lambda: refuses(running.http))


async def test_a_hangup_of_the_whole_process_group_ends_nothing(running: Controller) -> None:
    async with connect(running.http) as kept, websocket(running) as socket:
        await kept.send(HALF_A_POST)
        os.killpg(running.process.pid, signal.SIGHUP)
        await kept.send(OTHER_HALF)
        assert (await kept.response()).body == b"first last"
        assert (await kept.get(host=HOST.encode())).status == 200
        assert await echoed(socket, "second")
    assert await running.admin.readiness() == 200
    assert await running.admin.metric("ingressd_worker_restarts_total") == {"": 0}
    assert running.process.returncode is None


@pytest.mark.parametrize("flags", [("--shutdown-grace-period", "9")], ids=["patient"])
async def test_sigterm_under_load_cuts_nobody_off(running: Controller) -> None:
    """First /readyz tells, then new connections end, then requests, and WebSockets last."""
    async with connect(running.http) as upload, websocket(running) as socket:
        await upload.send(HALF_A_POST)
        async with traffic(running.http, HOST) as seen:
            await seen.more(50)
            running.process.send_signal(signal.SIGTERM)
            await eventually(running.admin.readiness, lambda status: status == 503)
            await seen.more(200)
        assert seen.failures == []
        await answers_until_it_refuses(running)
        assert await echoed(socket, "second")
        await upload.send(OTHER_HALF)
        assert (await upload.response()).body == b"first last"
        assert await upload.at_eof()
        assert await echoed(socket, "third")
        assert running.process.returncode is None
        last = await socket.receive()
    assert (last.type, last.data) == (aiohttp.WSMsgType.CLOSE, GOING_AWAY)
    assert await running.process.wait() == 0
