from __future__ import annotations

import asyncio
import logging

import pytest
from support.api_server import ApiDouble, Refusal, Reset
from support.watching import FAST

from ingressd.sources.kubernetes.api import ApiServer
from ingressd.sources.kubernetes.cluster_key import cluster_key, derive_key

IN_SYNC = asyncio.Event()
IN_SYNC.set()


@pytest.fixture
def double(double: ApiDouble) -> ApiDouble:
    double.put("namespaces", "kube-system")
    double.put("ingressclasses", "nginx")
    return double


def test_a_key_depends_on_the_cluster_alone() -> None:
    assert derive_key("a") == derive_key("a")
    assert derive_key("a") != derive_key("b")
    assert len(derive_key("a")) == 32


async def test_it_is_that_of_the_namespace_kube_system(api: ApiServer) -> None:
    assert await cluster_key(api, "nginx", IN_SYNC) == derive_key("uid-kube-system")


async def test_else_it_is_that_of_the_class(double: ApiDouble, api: ApiServer) -> None:
    double.fail("get", "namespaces", Refusal(403, "Forbidden"))
    assert await cluster_key(api, "nginx", IN_SYNC) == derive_key("uid-nginx")


async def test_else_it_is_random_and_that_is_told(
    double: ApiDouble, api: ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    double.fail_always("get", "namespaces", Refusal(403, "Forbidden"))
    with caplog.at_level(logging.WARNING):
        keys = {await cluster_key(api, "other", IN_SYNC) for _ in range(2)}
    assert len(keys) == 2
    assert "--affinity-key" in caplog.text


async def test_a_role_that_is_bound_late_counts(double: ApiDouble, api: ApiServer) -> None:
    double.fail("get", "namespaces", Refusal(403, "Forbidden"))
    double.fail("get", "ingressclasses", Refusal(403, "Forbidden"))
    in_sync = asyncio.Event()
    finding = asyncio.ensure_future(cluster_key(api, "nginx", in_sync))
    await double.until(lambda: double.requests["get", "ingressclasses"] == 1)
    assert not finding.done()
    in_sync.set()
    assert await finding == derive_key("uid-kube-system")


async def test_it_waits_for_a_server_that_is_away(double: ApiDouble, api: ApiServer) -> None:
    double.fail("get", "namespaces", Reset(), Refusal(503), Reset(), Refusal(500))
    assert await cluster_key(api, "nginx", IN_SYNC, timing=FAST) == derive_key("uid-kube-system")
    assert double.requests["get", "namespaces"] >= 4
