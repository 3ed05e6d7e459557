from __future__ import annotations

import asyncio

import pytest
from support.object_store_api import ObjectStoreApi

from ingressd.controller.cluster.published import FixedAddresses, Published, ServiceAddresses
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
    ready = {
        "conditions": [{"type": "Ready", "status": "True"}],
        "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
    }
    api.put("/api/v1/nodes", {"items": [{"metadata": {"name": "a"}, "status": ready}]})
    assert read(published) == ["10.0.0.1"]


def test_a_service_that_is_not_there_is_an_error_not_an_absence_of_addresses() -> None:
    with pytest.raises(ApiError):
        read(ServiceAddresses(ObjectStoreApi(), "ingress/front"))  # type: ignore[arg-type]


def test_it_concerns_one_service() -> None:
    published = ServiceAddresses(ObjectStoreApi(), "ingress/front")  # type: ignore[arg-type]
    assert published.concerns(frozenset({"a/b", "ingress/front"}))
    assert not published.concerns(frozenset({"a/b"}))
