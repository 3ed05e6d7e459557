"""deploy/ grants exactly what ingressd asks for, as the API server's audit log tells.

With a right too few something is answered 403, with one too many it is never used: either fails.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.cluster.api import ApiError
from support.cluster.audit import Right, rights_of
from support.cluster.cluster import Cluster, Namespace
from support.cluster.controller import ACCOUNT, NAMESPACE, Controller, controller
from support.cluster.network import NODE_ADDRESS
from support.cluster.polling import eventually
from support.cluster.workloads import deployment, service
from support.kustomize import Rendered

USER = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
LEASE = "lease/ingressd-leader"
SLICES = {Right("discovery.k8s.io", "endpointslices", verb) for verb in ("list", "watch")}
"""The one exception: this release has them as v1beta1 only, so ingressd follows Endpoints."""


@pytest.fixture
async def begun(cluster: Cluster, account: Path, namespace: Namespace) -> AsyncIterator[int]:
    """Where the audit log ended before ingressd started, with nothing elected yet."""
    await cluster.kubectl("-n", NAMESPACE, "delete", LEASE, "--ignore-not-found")
    front = service("front", type="NodePort", selector={"app": "web"})
    await namespace.apply(deployment("web"), service("web"), front)
    await namespace.kubectl("create", "configmap", "settings")
    await namespace.kubectl(
        "create", "ingress", "web", "--class=ingressd",
        "--rule=web.test/=web:80", "--rule=web.test/missing=missing:80",
    )  # fmt: skip
    await namespace.has_addresses("web", 1)
    yield cluster.control_plane.audit.size


async def test_the_roles_grant_what_is_used_and_nothing_else(
    cluster: Cluster, account: Path, namespace: Namespace, begun: int
) -> None:
    flags = (
        "--publish-service", f"{namespace.name}/front",
        "--configmap", f"{namespace.name}/settings",
        "--no-update-status-on-shutdown",
    )  # fmt: skip
    async with controller(account, *flags) as leader, controller(account, *flags, name="b"):
        await everything_happens(leader, namespace)

    asked = list(cluster.control_plane.audit.asked_by(USER, since=begun))
    roles = Rendered("base").of_kind("ClusterRole", "Role")
    granted = rights_of(roles)
    refused = [each.request_uri for each in asked if each.response_status.code == 403]
    # A namespace of an earlier test that is being deleted takes no new objects: that is a 403 too.
    assert [uri for uri in refused if "/namespaces/test-" not in uri or namespace.name in uri] == []
    assert {each.right for each in asked if each.right} == granted - SLICES


async def everything_happens(leader: Controller, namespace: Namespace) -> None:
    """Status from the nodes, and the same problem twice, so that its Event is counted."""
    await eventually(lambda: leader.service("web.test"), lambda found: found == "web")
    await eventually(
        lambda: namespace.kubectl("get", "ingress", "web"), lambda text: NODE_ADDRESS in text
    )
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
    """Where it has, SLICES is what is used, and Endpoints are the exception."""
    with pytest.raises(ApiError, match="404"):
        await namespace.api.get("/apis/discovery.k8s.io/v1")
