from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.api_server import ApiDouble, Refusal, Reset, write_kubeconfig
from support.watching import FAST, kubeconfig_api

from ingressd.sources.kubernetes.api import ApiServer
from ingressd.sources.kubernetes.cluster_key import cluster_key, derive_key


@pytest.fixture
async def double() -> AsyncIterator[ApiDouble]:
    double = ApiDouble()
    double.put("namespaces", "kube-system")
    double.put("ingressclasses", "nginx")
    async with double.serving():
        yield double


@pytest.fixture
async def api(double: ApiDouble, tmp_path: Path) -> AsyncIterator[ApiServer]:
    async with kubeconfig_api(write_kubeconfig(tmp_path, double.url)) as api:
        yield api


def test_a_key_depends_on_the_cluster_alone() -> None:
    assert derive_key("a") == derive_key("a")
    assert derive_key("a") != derive_key("b")
    assert len(derive_key("a")) == 32


async def test_it_is_that_of_the_namespace_kube_system(api: ApiServer) -> None:
    assert await cluster_key(api, "nginx") == derive_key("uid-kube-system")


async def test_else_it_is_that_of_the_class(double: ApiDouble, api: ApiServer) -> None:
    double.fail("get", "namespaces", Refusal(403, "Forbidden"))
    assert await cluster_key(api, "nginx") == derive_key("uid-nginx")


async def test_else_it_is_random_and_that_is_told(
    double: ApiDouble, api: ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    double.fail_always("get", "namespaces", Refusal(403, "Forbidden"))
    with caplog.at_level(logging.WARNING):
        keys = {await cluster_key(api, "other") for _ in range(2)}
    assert len(keys) == 2
    assert "--affinity-key" in caplog.text


async def test_it_waits_for_a_server_that_is_away(double: ApiDouble, api: ApiServer) -> None:
    double.fail("get", "namespaces", Reset(), Refusal(503), Reset(), Refusal(500))
    assert await cluster_key(api, "nginx", timing=FAST) == derive_key("uid-kube-system")
    assert double.requests["get", "namespaces"] >= 4
