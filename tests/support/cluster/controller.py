"""ingressd in the cluster's network, as deploy/ runs it: its ServiceAccount, its ClusterRole."""

from __future__ import annotations

import re
import ssl
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import yaml
from msgspec import Struct

from support.clients import Response, connect
from support.cluster.admin import Admin
from support.cluster.cluster import Cluster
from support.cluster.pod_run import DEFAULT_PORT
from support.cluster.polling import eventually
from support.kustomize import Rendered
from support.processes import PROGRAM, READY, line_with, started, stop

NAMESPACE = ACCOUNT = "ingressd"
ADMIN = re.compile(r"admin port (\d+)")
MOST = "overlays/nodeport"
"""The folder of deploy/ that grants everything any of them does."""

NOT_HERE = {"Deployment", "PodDisruptionBudget"}
"""The program is started by hand, and 1.20 does not serve policy/v1."""


class Controller(Struct, frozen=True):
    """A running ``ingressd run`` and its ports on 127.0.0.1."""

    process: Process
    http: int
    https: int
    admin: Admin

    async def get(self, host: str, path: str = "/") -> Response:
        """One plain GET on a connection of its own."""
        async with connect(self.http) as client:
            return await client.get(path.encode(), host.encode())

    async def service(self, host: str, path: str = "/") -> str:
        """The app of the pod that answered, or the status when it was not a pod."""
        return answered_by(await self.get(host, path))

    async def leads(self, host: str, app: str) -> None:
        """Wait until the pods of an app answer for a host."""
        await eventually(lambda: self.service(host), lambda found: found == app)

    async def has_pods(self, host: str, addresses: Iterable[str], seconds: float = 30) -> None:
        """Wait until exactly these pods are behind a host, in every worker."""
        wanted = {f"{address}:{DEFAULT_PORT}" for address in addresses}
        await eventually(
            lambda: self.admin.endpoints(host), lambda found: found == wanted, seconds=seconds
        )
        await eventually(self.admin.is_settled)

    async def secure_service(
        self, host: str, path: str, context: ssl.SSLContext
    ) -> tuple[str, bytes]:
        """The same over TLS, and the certificate that was shown (DER)."""
        async with connect(self.https, tls=context, server_name=host) as client:
            response = await client.get(path.encode(), host.encode())
            shown = client.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return answered_by(response), shown


def answered_by(response: Response) -> str:
    """The app label of the pod (pods are named APP-HASH-ID), else the status."""
    name = response.value(b"x-pod")
    return str(response.status) if name is None else name.decode().rsplit("-", 2)[0]


async def install(cluster: Cluster, folder: str = MOST) -> Path:
    """Apply a folder of deploy/, and return the kubeconfig of the ServiceAccount in it."""
    objects = [each for each in Rendered(folder).objects if each["kind"] not in NOT_HERE]
    objects.sort(key=lambda each: each["kind"] != "Namespace")
    kubectl = cluster.kubectl.within(NAMESPACE)
    await kubectl("apply", "-f", "-", input=yaml.safe_dump_all(objects))
    return await cluster.service_account_kubeconfig(NAMESPACE, ACCOUNT)


@asynccontextmanager
async def controller(kubeconfig: Path, *flags: str, name: str = "a") -> AsyncIterator[Controller]:
    """``ingressd run`` on free ports, once it is ready; stopped with SIGTERM."""
    async with starting(kubeconfig, *flags, name=name) as (process, admin):
        assert process.stderr is not None
        ready = READY.search(await line_with(process.stderr, READY))
        assert ready is not None
        yield Controller(process, int(ready[1]), int(ready[2]), admin)
        if process.returncode is None:
            assert await stop(process) == 0


@asynccontextmanager
async def starting(
    kubeconfig: Path, *flags: str, name: str = "a"
) -> AsyncIterator[tuple[Process, Admin]]:
    """``ingressd run`` once its admin port answers; killed at the end. It leads a process group, so
    that a signal to the group reaches it and its workers, and nobody else.
    """
    environment = {"POD_NAMESPACE": NAMESPACE, "POD_NAME": name}
    command = [
        "setsid", "env", *(f"{key}={value}" for key, value in environment.items()),
        PROGRAM, "run", "--kubeconfig", str(kubeconfig), "--address", "127.0.0.1",
        "--http-port", "0", "--https-port", "0", "--admin-port", "0", "--workers", "1",
        "--no-access-log", "--shutdown-grace-period", "3", *flags,
    ]  # fmt: skip
    async with started(command) as process:
        assert process.stderr is not None
        admin = ADMIN.search(await line_with(process.stderr, ADMIN))
        assert admin is not None
        yield process, Admin(int(admin[1]))
