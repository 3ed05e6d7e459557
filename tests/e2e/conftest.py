"""Tests against a real control plane, which all share; each test has a namespace of its own.

They run where KUBEBUILDER_ASSETS names a folder with etcd, kube-apiserver,
kube-controller-manager and kubectl (`.ci/kubernetes-assets` builds one).
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from support.cluster.cluster import Cluster, Namespace
from support.cluster.controller import install
from support.cluster.network import Network

# The first test of a session waits for the control plane, and a test for real controllers.
TIMEOUT_SECONDS = 120
ASSETS = os.environ.get("KUBEBUILDER_ASSETS", "")
NO_ASSETS = "KUBEBUILDER_ASSETS is not set: `.ci/kubernetes-assets` builds what it should name"
NO_RIGHTS = "needs a network namespace: run as root, or with `unshare --map-root-user --net`"
NO_IP = "needs the command `ip` (Debian's package iproute2)"

_network = pytest.StashKey[Network | str]()  # or why there is none


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        has_its_own = item.get_closest_marker("timeout") is not None
        if Path(__file__).parent in item.path.parents and not has_its_own:
            item.add_marker(pytest.mark.timeout(TIMEOUT_SECONDS))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Only these tests run inside the cluster's network: it is left again after each of them."""
    stash = item.config.stash
    if _network not in stash:
        stash[_network] = _new_network()
    network = stash[_network]
    with network.entered() if isinstance(network, Network) else nullcontext():
        return (yield)


def _new_network() -> Network | str:
    if not ASSETS:
        return NO_ASSETS
    if shutil.which("ip") is None:
        return NO_IP
    try:
        return Network()
    except PermissionError:
        return NO_RIGHTS


@pytest.fixture(scope="session")
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """The running cluster, for the whole session."""
    network = request.config.stash[_network]
    if isinstance(network, str):
        pytest.skip(network)
    cluster = Cluster(Path(ASSETS), tmp_path_factory.mktemp("cluster"))
    with asyncio.Runner() as runner:
        try:
            runner.run(cluster.start())
            yield cluster
        finally:
            runner.run(cluster.stop())


@pytest.fixture
async def namespace(cluster: Cluster) -> AsyncIterator[Namespace]:
    """A namespace for one test."""
    async with cluster.namespace() as namespace:
        yield namespace


@pytest.fixture(scope="session")
def account(cluster: Cluster) -> Path:
    """The kubeconfig of ingressd's own ServiceAccount, with the rights that deploy/ gives it."""
    with asyncio.Runner() as runner:
        return runner.run(install(cluster))
