"""Two replicas and a real control plane: who leads, what ``kubectl get`` and ``describe`` show."""

from __future__ import annotations

import os
import re
import signal
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from support.cluster.cluster import Namespace
from support.cluster.polling import eventually
from support.processes import PROGRAM, READY, line_with, started, stop

LEASE_SECONDS = 15
ELECTION = re.compile(r"the leader is ")
EITHER = re.compile(f"{READY.pattern}|{ELECTION.pattern}")
ADDRESS = "192.0.2.1"
STARTED = re.compile(r"a new process \(pid (\d+)\) is started")


class Replicas:
    """``ingressd run`` in the network of the cluster, as pods of one Deployment would be."""

    def __init__(self, namespace: Namespace, stack: AsyncExitStack) -> None:
        self.processes: dict[str, Process] = {}
        self._namespace = namespace
        self._stack = stack

    async def start(self, name: str, *flags: str) -> Process:
        """A replica that is ready and has looked at the Lease."""
        command = [
            PROGRAM, "run", "--kubeconfig", str(self._namespace.cluster.admin_kubeconfig),
            "--watch-namespace", self._namespace.name, "--address", "127.0.0.1", "--workers", "1",
            "--http-port", "0", "--https-port", "0", "--admin-port", "0", "--no-access-log",
            "--shutdown-grace-period", "12", *flags,
        ]  # fmt: skip
        environment = {"POD_NAMESPACE": self._namespace.name, "POD_NAME": name}
        command = ["env", *(f"{key}={value}" for key, value in environment.items()), *command]
        process = await self._stack.enter_async_context(started(command))
        assert process.stderr is not None
        first = await line_with(process.stderr, EITHER)  # in any order
        await line_with(process.stderr, ELECTION if READY.search(first) else READY)
        self.processes[name] = process
        return process

    async def leader(self) -> str:
        """The name of the replica that holds the Lease."""
        return (await self.holder()).partition("_")[0]

    async def holder(self) -> str:
        """The process that does."""
        lease = await self._namespace.get("lease/ingressd-leader")
        return str(lease["spec"].get("holderIdentity", ""))


@pytest.fixture
async def replicas(namespace: Namespace) -> AsyncIterator[Replicas]:
    async with AsyncExitStack() as stack:
        yield Replicas(namespace, stack)


async def create_ingress(namespace: Namespace, name: str) -> None:
    await namespace.create_ingress(name, f"{name}.test/=web:80")


async def test_the_address_comes_and_goes_with_the_class(
    namespace: Namespace, replicas: Replicas
) -> None:
    await replicas.start("a", "--publish-status-address", ADDRESS)
    await create_ingress(namespace, "web")
    await namespace.has_ingress_addresses("web", ADDRESS)
    assert ADDRESS in await namespace.kubectl("get", "ingress", "web")

    await namespace.kubectl(
        "patch", "ingress", "web", "--patch", '{"spec":{"ingressClassName":"other"}}'
    )
    await namespace.has_ingress_addresses("web")


async def test_an_address_goes_though_the_class_changed_while_nobody_ran(
    namespace: Namespace, replicas: Replicas
) -> None:
    """What ``metadata.managedFields`` really says of a status that we wrote."""
    flags = ("--publish-status-address", ADDRESS)
    first = await replicas.start("a", *flags)
    await create_ingress(namespace, "web")
    await create_ingress(namespace, "stays")
    await namespace.has_ingress_addresses("web", ADDRESS)
    await namespace.has_ingress_addresses("stays", ADDRESS)
    first.kill()
    await first.wait()
    await namespace.kubectl(
        "patch", "ingress", "web", "--patch", '{"spec":{"ingressClassName":"other"}}'
    )
    await namespace.kubectl("delete", "lease/ingressd-leader")

    await replicas.start("b", *flags)
    await namespace.has_ingress_addresses("web")
    assert await namespace.ingress_addresses("stays") == [ADDRESS]


async def test_describe_explains_an_ingress(namespace: Namespace, replicas: Replicas) -> None:
    await replicas.start("a")
    await create_ingress(namespace, "web")

    async def description() -> str:
        return await namespace.kubectl("describe", "ingress", "web")

    told = await eventually(description, lambda text: "ServiceMissing" in text and "Synced" in text)
    assert re.search(r"Warning +ServiceMissing .* ingressd +spec\.rules\[0\]", told)
    assert re.search(r"Normal +Synced .* ingressd +is live: 1 route on web\.test", told)

    await namespace.kubectl("create", "service", "clusterip", "web", "--tcp=80:80")
    told = await eventually(description, lambda text: "ServiceWithoutEndpoints" in text)


async def test_a_killed_leader_is_replaced_within_its_lease_and_the_last_one_clears_up(
    namespace: Namespace, replicas: Replicas
) -> None:
    flags = ("--publish-status-address", ADDRESS)
    first = await replicas.start("a", *flags)
    second = await replicas.start("b", *flags)
    await create_ingress(namespace, "before")
    await namespace.has_ingress_addresses("before", ADDRESS)
    assert await replicas.leader() == "a"

    killed_at = time.monotonic()
    first.kill()
    await eventually(replicas.leader, lambda name: name == "b")
    assert time.monotonic() - killed_at < LEASE_SECONDS + 1  # and the time that kubectl takes
    await create_ingress(namespace, "after")
    await namespace.has_ingress_addresses("after", ADDRESS)
    assert await namespace.ingress_addresses("before") == [ADDRESS]

    assert await stop(second) == 0
    assert await replicas.leader() == ""
    for name in ("before", "after"):
        assert await namespace.ingress_addresses(name) == []


async def test_a_process_that_takes_over_leads_before_anybody_misses_the_address(
    namespace: Namespace, replicas: Replicas
) -> None:
    old = await replicas.start("a", "--publish-status-address", ADDRESS)
    assert old.stderr is not None
    await create_ingress(namespace, "before")
    await namespace.has_ingress_addresses("before", ADDRESS)
    holder = await replicas.holder()

    old.send_signal(signal.SIGUSR2)
    (new,) = map(int, STARTED.findall(await line_with(old.stderr, STARTED)))
    try:
        await eventually(replicas.holder, lambda name: name not in {"", holder})
        assert await old.wait() == 0
        assert await replicas.leader() == "a"
        assert await namespace.ingress_addresses("before") == [ADDRESS]
        await create_ingress(namespace, "after")
        await namespace.has_ingress_addresses("after", ADDRESS)
    finally:
        os.kill(new, signal.SIGKILL)
