"""The cluster source against a real API server: what it lists, follows, and outlives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from support.cluster.audit import Right
from support.cluster.cluster import Cluster, Namespace
from support.cluster.polling import eventually
from support.cluster.workloads import deployment, service
from support.watching import Heard, kubeconfig_api, listening

from ingressd.resources.endpoints import Endpoints
from ingressd.resources.metadata import ObjectKey
from ingressd.sources.kubernetes.api import ApiServer
from ingressd.sources.kubernetes.cluster_key import cluster_key
from ingressd.sources.kubernetes.kinds import Scope
from ingressd.sources.kubernetes.pace import Timing

LIVELY = Timing(first_pause=0.1, longest_pause=0.5, patience=1.0, page_size=2)
ENOUGH = 10
"""Refusals after which a kind that can be done without would count as empty."""


@pytest.fixture
async def api(cluster: Cluster) -> AsyncIterator[ApiServer]:
    async with kubeconfig_api(cluster.admin_kubeconfig) as api:
        yield api


@pytest.fixture
async def heard(api: ApiServer, namespace: Namespace) -> AsyncIterator[Heard]:
    async with listening(api, Scope(namespace.name), LIVELY) as heard:
        await heard.until(lambda: heard.synced)
        yield heard


def has(heard: Heard, kind: str, name: str) -> bool:
    return any(key.kind == kind and key.name == name for key in heard.objects)


def addresses(heard: Heard, name: str) -> set[str]:
    for key, resource in heard.objects.items():
        if key.name == name and isinstance(resource, Endpoints):
            return {each.ip for subset in resource.subsets for each in subset.addresses}
    return set()


async def test_a_deployment_becomes_endpoints(namespace: Namespace, heard: Heard) -> None:
    await namespace.apply(deployment("web", 3), service("web"))
    await heard.until(lambda: len(addresses(heard, "web")) == 3)
    assert addresses(heard, "web") == await namespace.has_addresses("web", 3)
    await namespace.kubectl("delete", "service", "web")
    await heard.until(lambda: not has(heard, "Service", "web"))
    assert heard.findings == []


async def test_only_tls_secrets_are_read(namespace: Namespace, heard: Heard) -> None:
    await namespace.kubectl("create", "secret", "generic", "opaque", "--from-literal=a=b")
    await namespace.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "tls"},
            "type": "kubernetes.io/tls",
            "data": {"tls.crt": "", "tls.key": ""},
        }
    )
    await heard.until(lambda: has(heard, "Secret", "tls"))
    assert not has(heard, "Secret", "opaque")


async def test_a_secret_of_another_type_is_read_while_an_ingress_names_it(
    namespace: Namespace, heard: Heard
) -> None:
    await namespace.kubectl("create", "secret", "generic", "named", "--from-literal=tls.crt=a")
    await namespace.kubectl("create", "secret", "generic", "private", "--from-literal=tls.crt=a")
    await namespace.kubectl("create", "ingress", "shop", "--rule=shop.test/*=web:80,tls=named")
    await heard.until(lambda: has(heard, "Secret", "named"))
    await namespace.kubectl("delete", "secret", "named")
    await heard.until(lambda: not has(heard, "Secret", "named"))
    await namespace.kubectl("create", "secret", "generic", "named", "--from-literal=tls.crt=b")
    await heard.until(lambda: has(heard, "Secret", "named"))
    await namespace.kubectl("delete", "ingress", "shop")
    await heard.until(lambda: not has(heard, "Secret", "named"))
    assert not has(heard, "Secret", "private")
    assert heard.findings == []


async def test_many_objects_come_in_pages(api: ApiServer, namespace: Namespace) -> None:
    names = {f"shop-{number}" for number in range(7)}
    for name in names:
        await namespace.kubectl("create", "ingress", name, "--rule=shop.test/*=web:80")
    async with listening(api, Scope(namespace.name), LIVELY) as heard:
        await heard.until(lambda: heard.synced)
        assert {key.name for key in heard.objects if key.kind == "Ingress"} == names
        ingress = heard.objects[ObjectKey("Ingress", namespace.name, "shop-0")]
        assert ingress.metadata.uid


async def test_the_key_of_a_cluster_is_always_the_same(api: ApiServer) -> None:
    in_sync = asyncio.Event()
    first = await cluster_key(api, "ingressd", in_sync)
    assert first == await cluster_key(api, "another", in_sync)


async def test_an_outage_with_compaction_loses_no_change(
    cluster: Cluster, namespace: Namespace, heard: Heard
) -> None:
    await namespace.kubectl("create", "ingress", "before", "--rule=before.test/*=web:80")
    await namespace.kubectl("create", "ingress", "gone", "--rule=gone.test/*=web:80")
    await heard.until(lambda: has(heard, "Ingress", "gone"))
    await cluster.control_plane.stop_api()
    await heard.until(lambda: "ApiUnreachable" in heard.codes)
    assert heard.stale("Ingress") > 0.0
    known = dict(heard.objects)
    await cluster.control_plane.compact()
    await cluster.control_plane.start_api()
    await namespace.kubectl("create", "ingress", "after", "--rule=after.test/*=web:80")
    await namespace.kubectl("delete", "ingress", "gone")
    await heard.until(lambda: has(heard, "Ingress", "after") and not has(heard, "Ingress", "gone"))
    await heard.until(lambda: heard.findings == [])
    assert has(heard, "Ingress", "before")
    assert known.keys() - heard.objects.keys() == {ObjectKey("Ingress", namespace.name, "gone")}


@pytest.fixture
async def limited(cluster: Cluster, namespace: Namespace) -> AsyncIterator[Heard]:
    """What a source hears that may not read Secrets or IngressClasses."""
    await namespace.kubectl("create", "serviceaccount", "limited")
    await may_read(namespace, "ingresses.networking.k8s.io,services,endpoints")
    kubeconfig = await cluster.service_account_kubeconfig(namespace.name, "limited")
    async with (
        kubeconfig_api(kubeconfig) as api,
        listening(api, Scope(namespace.name), LIVELY) as heard,
    ):
        yield heard


async def may_read(namespace: Namespace, resources: str) -> None:
    """Grant it to the ServiceAccount ``limited``."""
    name = resources.partition(",")[0]
    role = ("create", "role", name, "--verb=list,watch", f"--resource={resources}")
    await namespace.kubectl(*role)
    subject = f"--serviceaccount={namespace.name}:limited"
    await namespace.kubectl("create", "rolebinding", name, f"--role={name}", subject)


async def test_what_rbac_forbids_is_told_and_done_without(
    namespace: Namespace, limited: Heard
) -> None:
    await may_read(namespace, "secrets")
    await namespace.kubectl("create", "ingress", "shop", "--rule=shop.test/*=web:80")
    await limited.until(lambda: limited.synced and has(limited, "Ingress", "shop"))
    await limited.until(lambda: limited.codes == {"ApiForbidden"} and not limited.obstacles)
    (finding,) = limited.findings
    assert "forbids to list ingressclasses.networking.k8s.io" in finding.message


async def test_without_the_right_to_read_certificates_nothing_is_in_sync(
    cluster: Cluster, namespace: Namespace, limited: Heard
) -> None:
    user = f"system:serviceaccount:{namespace.name}:limited"

    async def refused_lists() -> int:
        asked = cluster.control_plane.audit.asked_by(user)
        refused = [each.right for each in asked if each.response_status.code == 403]
        return sum(right == Right("", "secrets", "list") for right in refused)

    await eventually(refused_lists, lambda times: times > ENOUGH)
    assert not limited.synced
    (obstacle,) = limited.obstacles
    assert "forbids to list secrets" in obstacle
    await may_read(namespace, "secrets")
    await limited.until(lambda: limited.synced)
    assert limited.obstacles == []
