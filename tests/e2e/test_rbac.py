"""deploy/ grants exactly what ingressd asks for, as the API server's audit log tells.

With a right too few something is answered 403, with one too many it is never used: either fails.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.cluster.api import ApiError
from support.cluster.audit import Right, rights_of
from support.cluster.cluster import Cluster, Namespace
from support.cluster.controller import (
    ACCOUNT,
    NAMESPACE,
    Controller,
    controller,
    install,
    starting,
)
from support.cluster.network import NODE_ADDRESS
from support.cluster.polling import eventually
from support.cluster.workloads import deployment, service
from support.kustomize import Rendered

USER = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
LEASE = "lease/ingressd-leader"
BALANCER_ADDRESS = "192.0.2.10"
SHOWN = {
    "base": "",
    "overlays/loadbalancer": BALANCER_ADDRESS,
    "overlays/nodeport": NODE_ADDRESS,
}
"""The address that an Ingress shows, by folder of deploy/."""

SLICES = {Right("discovery.k8s.io", "endpointslices", verb) for verb in ("list", "watch")}
"""The one exception: this release has them as v1beta1 only, so ingressd follows Endpoints.
tests/functional/control_plane/test_deploy.py sees to these."""


@pytest.fixture(params=SHOWN)
async def folder(
    request: pytest.FixtureRequest, namespace: Namespace, account: Path
) -> AsyncIterator[str]:
    """One of deploy/ that is installed for this test."""
    async with installed(namespace, request.param):
        yield request.param


@asynccontextmanager
async def installed(test: Namespace, folder: str) -> AsyncIterator[None]:
    """Its rights and Services, pods behind these that answer what its probes ask, no leader."""
    ours = Namespace(test.cluster, test.api, NAMESPACE)
    await ours.kubectl("delete", LEASE, "service/ingressd", "--ignore-not-found")
    await install(test.cluster, folder)
    await ours.apply(Rendered(folder)["Deployment", "ingressd"])
    await ours.has_addresses("ingressd", 2)
    try:
        yield
    finally:
        await ours.kubectl("delete", "deployment/ingressd", "--wait=false")
        await install(test.cluster)


@pytest.fixture
async def workload(namespace: Namespace) -> None:
    """An Ingress with a path that works and one that does not."""
    await namespace.apply(deployment("web"), service("web"))
    await namespace.kubectl(
        "create", "ingress", "web", "--class=ingressd",
        "--rule=web.test/=web:80", "--rule=web.test/missing=missing:80",
    )  # fmt: skip
    await namespace.has_addresses("web", 1)


@pytest.mark.usefixtures("workload")
async def test_the_roles_grant_what_is_used_and_nothing_else(
    cluster: Cluster, account: Path, namespace: Namespace, folder: str
) -> None:
    begun, flags = cluster.control_plane.audit.size, flags_of(folder)
    async with controller(account, *flags) as leader, controller(account, *flags, name="b"):
        await everything_happens(leader, namespace)
        await shows(namespace, SHOWN[folder])

    granted = rights_of(Rendered(folder).of_kind("ClusterRole", "Role"))
    assert refused(cluster, namespace, begun) == []
    assert rights_asked(cluster, begun) - SLICES == granted - SLICES


@pytest.mark.usefixtures("workload")
async def test_a_confined_one_needs_a_role_binding_and_nothing_else(
    cluster: Cluster, account: Path, namespace: Namespace
) -> None:
    """As deploy/README.md says in "Confine it"."""
    folder = "overlays/nodeport"
    async with installed(namespace, folder):
        await cluster.kubectl("delete", "clusterrolebinding", ACCOUNT)
        subject = f"--serviceaccount={NAMESPACE}:{ACCOUNT}"
        await namespace.kubectl(
            "create", "rolebinding", "ingressd-objects", f"--clusterrole={ACCOUNT}", subject
        )
        begun = cluster.control_plane.audit.size
        flags = (*flags_of(folder), "--watch-namespace", namespace.name)
        async with controller(account, *flags) as running:
            await everything_happens(running, namespace)
            await shows(namespace, NODE_ADDRESS)
        assert refused(cluster, namespace, begun) == []


async def test_a_configmap_takes_the_rule_that_the_readme_gives(
    cluster: Cluster, account: Path, namespace: Namespace
) -> None:
    flags = ("--configmap", f"{NAMESPACE}/settings", "--watch-namespace", namespace.name)
    kubectl = cluster.kubectl.within(NAMESPACE)
    rule = ("--verb=list,watch", "--resource=configmaps", "--resource-name=settings")
    subject = f"--serviceaccount={NAMESPACE}:{ACCOUNT}"
    async with starting(account, *flags) as (_, admin):
        await eventually(admin.unreadiness, lambda why: "forbids to list configmaps" in why)
        await kubectl("create", "role", "settings", *rule)
        await kubectl("create", "rolebinding", "settings", "--role=settings", subject)
        await eventually(admin.readiness, lambda status: status == 200)

    begun = cluster.control_plane.audit.size
    async with controller(account, *flags) as running:
        assert await running.admin.findings() == {"ConfigMapMissing"}
        await kubectl("create", "configmap", "settings", "--from-literal=keep-alive=75s")
        while await running.admin.findings() != {"ConfigMapKeyInvalid"}:
            continue
        await kubectl("patch", "configmap", "settings", "-p", '{"data": {"keep-alive": "75"}}')
        while await running.admin.findings() != set():
            continue
    assert Right("", "configmaps", "list") in rights_asked(cluster, begun)


def flags_of(folder: str) -> tuple[str, ...]:
    """What the folder's Deployment tells ingressd to ask the API server for."""
    published = Rendered(folder).flag("publish-service")
    if published is None:
        return ()
    service_ = published.replace("$(POD_NAMESPACE)", NAMESPACE)
    return "--publish-service", service_, "--no-update-status-on-shutdown"


def rights_asked(cluster: Cluster, begun: int) -> set[Right]:
    """What ingressd made use of, or tried to, since the audit log was ``begun`` bytes long."""
    asked = cluster.control_plane.audit.asked_by(USER, since=begun)
    return {each.right for each in asked if each.right}


def refused(cluster: Cluster, namespace: Namespace, begun: int) -> list[str]:
    """What it may not do. A namespace of an earlier test that is being deleted takes no new
    objects: that is a 403 too, and not meant here."""
    asked = cluster.control_plane.audit.asked_by(USER, since=begun)
    uris = [each.request_uri for each in asked if each.response_status.code == 403]
    return [uri for uri in uris if "/namespaces/test-" not in uri or namespace.name in uri]


async def shows(namespace: Namespace, address: str) -> None:
    """Wait until the Ingress has this address; none is the state from the beginning."""
    if address == BALANCER_ADDRESS:
        assigned = {"loadBalancer": {"ingress": [{"ip": BALANCER_ADDRESS}]}}
        path = f"/api/v1/namespaces/{NAMESPACE}/services/ingressd/status"
        await namespace.api.patch(path, {"status": assigned})
    await eventually(
        lambda: namespace.kubectl("get", "ingress", "web"), lambda text: address in text
    )


async def everything_happens(leader: Controller, namespace: Namespace) -> None:
    """Also the same problem twice, so that its Event is counted."""
    await eventually(lambda: leader.service("web.test"), lambda found: found == "web")
    await eventually(lambda: missing_told(namespace), lambda times: times == 1)
    await namespace.apply(service("missing"))
    await eventually(lambda: leader.service("web.test", "/missing"), lambda found: found == "503")
    await eventually(lambda: reasons(namespace), lambda found: "ServiceWithoutEndpoints" in found)
    await namespace.kubectl("delete", "service", "missing")
    await eventually(lambda: missing_told(namespace), lambda times: times == 2)


async def reasons(namespace: Namespace) -> dict[str, int]:
    """How often each reason is counted in the Events of the namespace's Ingress."""
    events = (await namespace.get("events"))["items"]
    ours = [each for each in events if each["involvedObject"]["kind"] == "Ingress"]
    return {each["reason"]: each["count"] for each in ours}


async def missing_told(namespace: Namespace) -> int:
    """How often it was told that the Service is missing."""
    return (await reasons(namespace)).get("ServiceMissing", 0)


async def test_this_release_has_no_slices_of_v1(namespace: Namespace) -> None:
    """Where it has, SLICES is what is followed, and Endpoints are the exception."""
    with pytest.raises(ApiError, match="404"):
        await namespace.api.get("/apis/discovery.k8s.io/v1")
