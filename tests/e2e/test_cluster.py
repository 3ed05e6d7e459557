"""The cluster that the other tests here stand on does what a cluster does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from support.cluster.api import ApiError
from support.cluster.cluster import Cluster, Namespace
from support.cluster.kubectl import KubectlFailed
from support.cluster.polling import eventually
from support.cluster.workloads import deployment, service


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def names(namespace: Namespace, app: str = "web") -> set[str]:
    return {pod["metadata"]["name"] for pod in await namespace.pods(app)}


async def refuses(address: str) -> bool:
    """Whether a pod no longer takes connections."""
    try:
        _, writer = await asyncio.open_connection(address, 8080)
    except ConnectionRefusedError:
        return True
    writer.close()
    return False


async def test_pods_of_a_deployment_become_endpoints_and_answer(
    namespace: Namespace, client: aiohttp.ClientSession
) -> None:
    await namespace.apply(deployment("web", 3, env={"VERSION": "blue"}), service("web"))
    await namespace.rolled_out("web")

    answered = set()
    for address in await namespace.has_addresses("web", 3):
        async with client.post(
            f"http://{address}:8080/", data=b"hello", headers={"X-Nonce": "n1"}
        ) as response:
            assert await response.read() == b"hello"
            assert response.headers["X-Nonce"] == "n1"
            assert response.headers["X-Version"] == "blue"
            answered.add(response.headers["X-Pod"])
    assert answered == await names(namespace)


async def test_slices_follow_the_endpoints(namespace: Namespace) -> None:
    await namespace.apply(deployment("web", 2), service("web"))
    path = f"/apis/discovery.k8s.io/v1beta1/namespaces/{namespace.name}/endpointslices"
    expected = await namespace.has_addresses("web", 2)

    async def addresses() -> set[str]:
        items = (await namespace.api.get(path))["items"]
        endpoints = [endpoint for item in items for endpoint in item["endpoints"] or ()]
        return {e["addresses"][0] for e in endpoints if e["conditions"]["ready"]}

    assert await eventually(addresses, lambda found: found == expected)


async def test_scaling_up_and_down(namespace: Namespace) -> None:
    await namespace.apply(deployment("web"), service("web"))
    first = await namespace.has_addresses("web", 1)

    await namespace.kubectl("scale", "deployment/web", "--replicas=3")
    assert first < await namespace.has_addresses("web", 3)

    await namespace.kubectl("scale", "deployment/web", "--replicas=1")
    await namespace.has_addresses("web", 1)


@pytest.mark.parametrize(
    "command",
    [
        ("rollout", "restart", "deployment/web"),
        ("set", "image", "deployment/web", "app=kubia:v2"),
    ],
    ids=["rollout restart", "set image"],
)
async def test_a_rollout_replaces_every_pod(namespace: Namespace, command: tuple[str, ...]) -> None:
    await namespace.apply(deployment("web", 3), service("web"))
    await namespace.rolled_out("web")
    before = await names(namespace)

    await namespace.kubectl(*command)
    await namespace.rolled_out("web")

    after = await eventually(lambda: names(namespace), lambda found: len(found) == 3)
    assert not before & after


async def test_a_pod_that_is_not_ready_leaves_the_endpoints_and_returns(
    namespace: Namespace, client: aiohttp.ClientSession
) -> None:
    await namespace.apply(deployment("web", 2), service("web"))
    both = await namespace.has_addresses("web", 2)
    one = min(both)

    async with client.put(f"http://{one}:8080/control/ready", data=b"false"):
        assert await namespace.has_addresses("web", 1) == both - {one}
    async with client.put(f"http://{one}:8080/control/ready", data=b"true"):
        assert await namespace.has_addresses("web", 2) == both


async def test_a_deleted_pod_refuses_connections_and_answers_what_it_has(
    namespace: Namespace, client: aiohttp.ClientSession
) -> None:
    await namespace.apply(deployment("web"), service("web"))
    (address,) = await namespace.has_addresses("web", 1)
    (name,) = await names(namespace)

    asked = asyncio.create_task(client.get(f"http://{address}:8080/slow?seconds=2"))
    await namespace.kubectl("delete", "pod", name, "--wait=false")
    await eventually(lambda: refuses(address), seconds=1.5)
    assert not asked.done()
    async with await asked as response:
        assert response.headers["X-Pod"] == name


async def test_a_lingering_pod_answers_on_idle_connections_once_more(
    namespace: Namespace, client: aiohttp.ClientSession
) -> None:
    await namespace.apply(deployment("web", env={"LINGER": 5}), service("web"))
    (address,) = await namespace.has_addresses("web", 1)
    async with client.get(f"http://{address}:8080/") as response:
        assert "Connection" not in response.headers

    await namespace.kubectl("scale", "deployment/web", "--replicas=0")
    await eventually(lambda: refuses(address))
    async with client.get(f"http://{address}:8080/") as response:
        assert response.headers["Connection"] == "close"


async def test_pre_stop_keeps_a_deleted_pod_listening(
    namespace: Namespace, client: aiohttp.ClientSession
) -> None:
    await namespace.apply(deployment("web", pre_stop=2), service("web"))
    (address,) = await namespace.has_addresses("web", 1)
    (name,) = await names(namespace)

    await namespace.kubectl("scale", "deployment/web", "--replicas=0")
    await namespace.has_addresses("web", 0)
    async with client.get(f"http://{address}:8080/") as response:
        assert response.headers["X-Pod"] == name


async def test_pods_outlive_the_api_server_and_a_watch_from_before_is_gone(
    cluster: Cluster, namespace: Namespace, client: aiohttp.ClientSession
) -> None:
    await namespace.apply(deployment("web"), service("web"))
    (address,) = await namespace.has_addresses("web", 1)
    path = f"/api/v1/namespaces/{namespace.name}/pods"
    version = (await namespace.api.get(path))["metadata"]["resourceVersion"]
    await namespace.kubectl("annotate", "pods", "--all", "changed=yes")

    await cluster.control_plane.stop_api()
    async with client.get(f"http://{address}:8080/") as response:
        assert response.status == 200
    with pytest.raises(KubectlFailed, match="refused"):
        await namespace.kubectl("get", "pods")
    await cluster.control_plane.compact()
    await cluster.control_plane.start_api()

    with pytest.raises(ApiError, match="too old resource version") as gone:
        await anext(namespace.api.watch(path, version))
    assert gone.value.status == 410
    await namespace.kubectl("scale", "deployment/web", "--replicas=2")
    assert address in await namespace.has_addresses("web", 2)


async def test_a_service_account_may_do_only_what_it_is_bound_to(
    cluster: Cluster, namespace: Namespace
) -> None:
    await namespace.kubectl("create", "serviceaccount", "reader")
    await namespace.kubectl("create", "role", "reader", "--verb=list", "--resource=pods")
    await namespace.kubectl(
        "create", "rolebinding", "reader", "--role=reader",
        f"--serviceaccount={namespace.name}:reader",
    )  # fmt: skip
    kubeconfig = await cluster.service_account_kubeconfig(namespace.name, "reader")
    kubectl = cluster.kubectl_as(kubeconfig).within(namespace.name)

    await kubectl("get", "pods")
    with pytest.raises(KubectlFailed, match='cannot list resource "services"'):
        await kubectl("get", "services")


async def test_another_token_is_refused(cluster: Cluster) -> None:
    async with cluster.api(token="nobody's") as stranger:
        with pytest.raises(ApiError, match="401"):
            await stranger.get("/api/v1/pods")


async def test_what_is_deleted_takes_its_own_along(namespace: Namespace) -> None:
    await namespace.apply(deployment("web", 2), service("web"))
    await namespace.has_addresses("web", 2)
    await namespace.kubectl("delete", "deployment/web")
    await namespace.has_addresses("web", 0)
    await eventually(lambda: names(namespace), lambda found: not found)
