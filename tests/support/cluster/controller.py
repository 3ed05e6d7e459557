"""ingressd in the cluster's network, as deploy/ runs it: its ServiceAccount, its ClusterRole."""

from __future__ import annotations

import re
import ssl
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import yaml
from msgspec import Struct

from support.clients import Response, connect
from support.cluster.cluster import Cluster
from support.kustomize import Rendered
from support.processes import PROGRAM, READY, line_with, started, stop

NAMESPACE = ACCOUNT = "ingressd"
ADMIN = re.compile(r"admin port (\d+)")
NOT_HERE = {"Deployment", "PodDisruptionBudget"}
"""The program is started by hand, and 1.20 does not serve policy/v1."""


class Controller(Struct, frozen=True):
    """A running ``ingressd run`` and its ports on 127.0.0.1."""

    process: Process
    http: int
    https: int
    admin: int

    async def get(self, host: str, path: str = "/") -> Response:
        """One plain GET on a connection of its own."""
        async with connect(self.http) as client:
            return await client.get(path.encode(), host.encode())

    async def service(self, host: str, path: str = "/") -> str:
        """The app of the pod that answered, or the status when it was not a pod."""
        return answered_by(await self.get(host, path))

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


async def install(cluster: Cluster) -> Path:
    """Apply deploy/base, and return the kubeconfig of the ServiceAccount in it."""
    objects = [each for each in Rendered("base").objects if each["kind"] not in NOT_HERE]
    objects.sort(key=lambda each: each["kind"] != "Namespace")
    kubectl = cluster.kubectl.within(NAMESPACE)
    await kubectl("apply", "-f", "-", input=yaml.safe_dump_all(objects))
    return await cluster.service_account_kubeconfig(NAMESPACE, ACCOUNT)


@asynccontextmanager
async def controller(kubeconfig: Path, *flags: str, name: str = "a") -> AsyncIterator[Controller]:
    """``ingressd run`` on free ports, once it is ready; stopped with SIGTERM."""
    environment = {"POD_NAMESPACE": NAMESPACE, "POD_NAME": name}
    command = [
        "env", *(f"{key}={value}" for key, value in environment.items()),
        PROGRAM, "run", "--kubeconfig", str(kubeconfig), "--address", "127.0.0.1",
        "--http-port", "0", "--https-port", "0", "--admin-port", "0", "--workers", "1",
        "--no-access-log", "--shutdown-grace-period", "3", *flags,
    ]  # fmt: skip
    async with started(command) as process:
        assert process.stderr is not None
        admin = ADMIN.search(await line_with(process.stderr, ADMIN))
        ready = READY.search(await line_with(process.stderr, READY))
        assert admin is not None and ready is not None
        yield Controller(process, int(ready[1]), int(ready[2]), int(admin[1]))
        if process.returncode is None:
            assert await stop(process) == 0
