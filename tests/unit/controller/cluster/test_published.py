from __future__ import annotations

import asyncio

import pytest
from support.object_store_api import Object, ObjectStoreApi
from support.simulated_time import run_simulated

from ingressd.controller.cluster.published import FixedAddresses, Published, ServiceAddresses
from ingressd.controller.cluster.recent_nodes import RECENT
from ingressd.sources.kubernetes.errors import ApiError

SERVICE = "/api/v1/namespaces/ingress/services/front"


def read(published: Published) -> list[str] | None:
    found = asyncio.run(published.read())
    return None if found is None else [each.ip or each.hostname for each in found]


def test_fixed_addresses_are_what_the_flag_says() -> None:
    published = FixedAddresses(("192.0.2.2", "lb.example.com", "192.0.2.1"))
    assert read(published) == ["lb.example.com", "192.0.2.1", "192.0.2.2"]
    assert not published.concerns(frozenset({"ingress/front"}))


def test_nodes_are_only_asked_for_where_they_matter() -> None:
    api = ObjectStoreApi()
    published = ServiceAddresses(api, "ingress/front")  # type: ignore[arg-type]
    named = {"name": "front", "namespace": "ingress"}
    api.put(SERVICE, {"metadata": named, "spec": {"clusterIP": "10.96.0.7"}})
    assert read(published) == ["10.96.0.7"]
    assert [path for path, _ in api.sent("GET")] == [SERVICE]

    api.put(SERVICE, {"metadata": named, "spec": {"type": "NodePort", "clusterIP": "10.96.0.7"}})
    api.put("/api/v1/nodes", {"items": [node("a", "10.0.0.1"), node("b", "10.0.0.2")]})
    assert read(published) == ["10.0.0.1", "10.0.0.2"]
    assert not [path for path, _ in api.sent("GET") if "endpoints" in path]


SLICES = "/apis/discovery.k8s.io/v1/namespaces/ingress/endpointslices"
ENDPOINTS = "/api/v1/namespaces/ingress/endpoints"


def node(name: str, address: str) -> Object:
    ready = {
        "conditions": [{"type": "Ready", "status": "True"}],
        "addresses": [{"type": "InternalIP", "address": address}],
    }
    return {"metadata": {"name": name}, "status": ready}


def local_node_port(path: str, *found: Object) -> tuple[ObjectStoreApi, Published]:
    """A NodePort Service that only nodes with a pod answer for, nodes a and b, and what the API
    server has at ``path``."""
    api = ObjectStoreApi()
    named = {"name": "front", "namespace": "ingress"}
    spec = {"type": "NodePort", "externalTrafficPolicy": "Local"}
    api.put(SERVICE, {"metadata": named, "spec": spec})
    api.put("/api/v1/nodes", {"items": [node("a", "10.0.0.1"), node("b", "10.0.0.2")]})
    api.put(path, {"items": found})
    return api, ServiceAddresses(api, "ingress/front")  # type: ignore[arg-type]


def test_under_the_policy_local_only_nodes_with_a_ready_endpoint_are_published() -> None:
    here = {"addresses": ["10.1.0.1"], "nodeName": "b"}
    not_ready = {"addresses": ["10.1.0.2"], "nodeName": "a", "conditions": {"ready": False}}
    of_front = {"name": "front-x", "labels": {"kubernetes.io/service-name": "front"}}
    found = {"metadata": of_front, "endpoints": [here, not_ready], "ports": None}
    api, published = local_node_port(SLICES, found, {"metadata": of_front, "endpoints": None})

    assert read(published) == ["10.0.0.2"]
    assert api.queries[SLICES] == {"labelSelector": "kubernetes.io/service-name=front"}


def on(*nodes: str) -> Object:
    """A slice of the Service with one ready endpoint on each of these nodes."""
    of_front = {"name": "front-x", "labels": {"kubernetes.io/service-name": "front"}}
    endpoints = [{"addresses": ["10.1.0.1"], "nodeName": node} for node in nodes]
    return {"metadata": of_front, "endpoints": endpoints, "ports": None}


def test_nodes_are_not_read_again_while_pods_come_and_go_on_the_same_ones() -> None:
    api, published = local_node_port(SLICES)

    async def shown(*nodes: str) -> int:
        api.put(SLICES, {"items": [on(*nodes)]})
        found = await published.read()
        assert found is not None
        assert len(found) == len(nodes)
        return len(api.sent("GET", "/api/v1/nodes"))

    async def scene() -> None:
        assert await shown("a") == 1
        assert await shown("a") == 1
        assert await shown("a", "b") == 2
        assert await shown("b") == 2
        assert await shown("a", "b") == 2
        await asyncio.sleep(RECENT)
        assert await shown("b") == 3

    run_simulated(scene())


def test_an_older_server_tells_it_by_endpoints() -> None:
    subset = {
        "addresses": [{"ip": "10.1.0.1", "nodeName": "b"}],
        "notReadyAddresses": [{"ip": "10.1.0.2", "nodeName": "a"}],
    }
    api, published = local_node_port(
        ENDPOINTS, {"metadata": {"name": "front", "namespace": "ingress"}, "subsets": [subset]}
    )

    assert read(published) == ["10.0.0.2"]
    assert api.queries[ENDPOINTS] == {"fieldSelector": "metadata.name=front"}


def test_without_any_ready_endpoint_nothing_is_known() -> None:
    _, published = local_node_port(SLICES)

    assert read(published) is None


def test_endpoints_that_may_not_be_read_are_an_error() -> None:
    api, published = local_node_port(SLICES)

    async def forbid(method: str, path: str) -> None:
        if path == SLICES:
            raise ApiError(403, "Forbidden", "no")

    api.before = forbid
    with pytest.raises(ApiError, match="403"):
        read(published)


def test_a_service_that_is_not_there_is_an_error_not_an_absence_of_addresses() -> None:
    with pytest.raises(ApiError):
        read(ServiceAddresses(ObjectStoreApi(), "ingress/front"))  # type: ignore[arg-type]


def test_it_concerns_one_service() -> None:
    published = ServiceAddresses(ObjectStoreApi(), "ingress/front")  # type: ignore[arg-type]
    assert published.concerns(frozenset({"a/b", "ingress/front"}))
    assert not published.concerns(frozenset({"a/b"}))
