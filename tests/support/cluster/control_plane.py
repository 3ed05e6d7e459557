"""etcd, kube-apiserver and kube-controller-manager: their flags, and turning them on and off."""

from __future__ import annotations

import asyncio
import base64
import signal
import ssl
from pathlib import Path

import aiohttp

from support.cluster.audit import AuditLog
from support.cluster.component import Component
from support.cluster.credentials import SERVER, Credentials
from support.cluster.network import NODE_ADDRESS, SERVICE_RANGE
from support.waiting import GLANCE_SECONDS

START_SECONDS = 60.0
_ETCD = "http://127.0.0.1:2379"
_PEER = "http://127.0.0.1:2380"
# Deployments become pods, pods become Endpoints and slices; what is deleted takes its own along.
_CONTROLLERS = (
    "deployment",
    "replicaset",
    "endpoint",
    "endpointslice",
    "endpointslicemirroring",
    "garbagecollector",
    "namespace",
    "serviceaccount",
)


class ControlPlane:
    """The three programs; must be started from inside the cluster's network."""

    def __init__(self, assets: Path, folder: Path) -> None:
        self.credentials = Credentials(folder)
        self.audit = AuditLog(folder)
        self._etcd = Component("etcd", _etcd(assets, folder), folder)
        api = (*_api(assets, self.credentials), *self.audit.flags)
        self._api = Component("kube-apiserver", api, folder)
        self._controllers = Component(
            "kube-controller-manager", _controllers(assets, self.credentials), folder
        )

    async def start(self) -> None:
        """Returns when the API server is ready; raises RuntimeError when a program ends instead."""
        self._etcd.start()
        await self.start_api()

    async def stop(self) -> None:
        await self.stop_api()
        await self._etcd.stop(signal.SIGKILL)

    def expect_running(self) -> None:
        """Raises RuntimeError when one of the three has ended."""
        for component in (self._etcd, self._api, self._controllers):
            component.expect_running()

    async def stop_api(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Nobody answers at ``SERVER`` any more, and the controllers rest; etcd stays.

        With SIGTERM the API server waits for whoever watches, until its 20 seconds are over.
        """
        await asyncio.gather(self._controllers.stop(number), self._api.stop(number))

    async def start_api(self) -> None:
        """The same API server again, and the controllers.

        They are stopped and started with it because they back off for up to 30 seconds after an
        outage, which would be time that tests wait for nothing of ours.
        """
        self._api.start()
        await self._answering(f"{SERVER}/readyz", self._api)
        self._controllers.start()

    async def compact(self) -> int:
        """Forget etcd's history; returns the revision up to which it is gone.

        The API server still remembers recent changes for watches by itself: only after its next
        start is a watch from before this revision answered with 410 Gone.
        """
        revision = await self._revision()
        await _post("/v3/kv/compaction", {"revision": revision, "physical": True})
        return revision

    async def _revision(self) -> int:
        # Any read tells it, also one that finds nothing.
        answer = await _post("/v3/kv/range", {"key": base64.b64encode(b"-").decode()})
        return int(answer["header"]["revision"])

    async def _answering(self, url: str, component: Component) -> None:
        context = ssl.create_default_context(cafile=self.credentials.authority_file)
        headers = {"Authorization": f"Bearer {self.credentials.admin_token}"}
        async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession(headers=headers) as client:
            while not await _is_ok(client, url, context):
                component.expect_running()
                await asyncio.sleep(GLANCE_SECONDS)


async def _is_ok(client: aiohttp.ClientSession, url: str, context: ssl.SSLContext) -> bool:
    try:
        async with client.get(url, ssl=context) as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False


async def _post(path: str, body: dict[str, object]) -> dict:
    """etcd's gRPC gateway."""
    async with (
        aiohttp.ClientSession(raise_for_status=True) as client,
        client.post(_ETCD + path, json=body) as response,
    ):
        return await response.json()


def _etcd(assets: Path, folder: Path) -> tuple[str, ...]:
    return (
        str(assets / "etcd"),
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={_ETCD}",
        f"--advertise-client-urls={_ETCD}",
        f"--listen-peer-urls={_PEER}",
    )


def _api(assets: Path, credentials: Credentials) -> tuple[str, ...]:
    return (
        str(assets / "kube-apiserver"),
        f"--etcd-servers={_ETCD}",
        "--etcd-compaction-interval=0",  # only compact() does it
        "--insecure-port=0",
        f"--advertise-address={NODE_ADDRESS}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        f"--tls-cert-file={credentials.server_chain}",
        f"--tls-private-key-file={credentials.server_key}",
        f"--token-auth-file={credentials.token_file}",
        "--authorization-mode=RBAC",
        "--disable-admission-plugins=ServiceAccount",  # no controller here makes token Secrets
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={credentials.accounts_chain}",
        f"--service-account-signing-key-file={credentials.accounts_key}",
    )


def _controllers(assets: Path, credentials: Credentials) -> tuple[str, ...]:
    return (
        str(assets / "kube-controller-manager"),
        f"--kubeconfig={credentials.admin_kubeconfig}",
        f"--controllers={','.join(_CONTROLLERS)}",
        "--leader-elect=false",
        "--port=0",
        "--secure-port=0",
        "--kube-api-qps=1000",
        "--kube-api-burst=1000",
    )
