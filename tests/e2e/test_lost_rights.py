"""ingressd without its rights, such as in a rollout that has lost the ClusterRoleBinding."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.cluster.cluster import Cluster, Namespace
from support.cluster.controller import starting
from support.cluster.polling import eventually

UNBOUND = "unbound"
CLUSTER_ROLES = ("ingressd", "ingressd-cluster")
READ = ("ingresses", "ingressclasses", "services", "secrets", "endpoints")
ENOUGH = 2
"""Refusals of each kind that are no accident."""


@pytest.fixture
async def unbound(cluster: Cluster, namespace: Namespace) -> Path:
    """The kubeconfig of a ServiceAccount without any right."""
    await namespace.kubectl("create", "serviceaccount", UNBOUND)
    return await cluster.service_account_kubeconfig(namespace.name, UNBOUND)


@asynccontextmanager
async def bound(cluster: Cluster, account: str) -> AsyncIterator[None]:
    """The ClusterRoles of deploy/, bound to another ServiceAccount meanwhile."""
    names = {role: f"{account.replace(':', '-')}-{role}" for role in CLUSTER_ROLES}
    for role, name in names.items():
        grant = (f"--clusterrole={role}", f"--serviceaccount={account}")
        await cluster.kubectl("create", "clusterrolebinding", name, *grant)
    try:
        yield
    finally:
        await cluster.kubectl("delete", "clusterrolebinding", *names.values())


async def test_without_its_rights_it_is_not_ready_until_it_has_them(
    cluster: Cluster, account: Path, namespace: Namespace, unbound: Path
) -> None:
    """Not ready: the rollout stops, and the old pods stay."""
    since = cluster.control_plane.audit.size
    user = f"system:serviceaccount:{namespace.name}:{UNBOUND}"

    async def refused_lists() -> Counter[str]:
        asked = cluster.control_plane.audit.asked_by(user, since=since)
        refused = (each.right for each in asked if each.response_status.code == 403)
        return Counter(right.resource for right in refused if right and right.verb == "list")

    async with starting(unbound) as (_, admin):
        await eventually(refused_lists, lambda told: all(told[each] > ENOUGH for each in READ))
        assert await admin.readiness() == 503
        assert "forbids to list ingresses.networking.k8s.io" in await admin.unreadiness()
        assert "ApiForbidden" in await admin.findings()
        async with bound(cluster, f"{namespace.name}:{UNBOUND}"):
            await eventually(admin.readiness, lambda status: status == 200)
            await eventually(admin.findings, lambda codes: "ApiForbidden" not in codes)
