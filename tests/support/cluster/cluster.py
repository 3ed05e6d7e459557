"""The cluster as tests use it: the control plane with the stand-in node, and a namespace a test."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import yaml

from support.cluster.api import Api, Object
from support.cluster.component import Component
from support.cluster.control_plane import ControlPlane
from support.cluster.credentials import SERVER
from support.cluster.kubectl import Kubectl
from support.cluster.polling import eventually
from support.cluster.workloads import deployment, service

_TESTS = Path(__file__).parents[2]


class Cluster:
    """One for a whole test session; must be started from inside its network.

    ``kubectl`` is the admin's. Logs of every program are in ``folder``.
    """

    server = SERVER

    def __init__(self, assets: Path, folder: Path) -> None:
        self.folder = folder
        self.control_plane = ControlPlane(assets, folder)
        self.credentials = self.control_plane.credentials
        self.authority_file = self.credentials.authority_file
        self.admin_kubeconfig = self.credentials.admin_kubeconfig
        self._kubectl_program = assets / "kubectl"
        self.kubectl = self.kubectl_as(self.admin_kubeconfig)
        self._kubelet = Component("kubelet", self._kubelet_command(), folder)

    async def start(self) -> None:
        """Returns when the API server is ready and the node is there."""
        self._kubelet.start()
        await self.control_plane.start()
        async with self.api() as api:
            await eventually(lambda: api.get("/api/v1/nodes"), lambda nodes: nodes["items"])

    async def stop(self) -> None:
        await self._kubelet.stop()
        await self.control_plane.stop()

    def expect_running(self) -> None:
        """Raises RuntimeError with the end of a program's log when one has ended by itself."""
        self._kubelet.expect_running()
        self.control_plane.expect_running()

    def api(self, token: str | None = None) -> Api:
        """A client for the API, the admin's unless a token is given; enter it before use."""
        return Api(self.server, self.authority_file, token or self.credentials.admin_token)

    def kubectl_as(self, kubeconfig: Path) -> Kubectl:
        return Kubectl(self._kubectl_program, kubeconfig)

    async def service_account_token(self, namespace: str, name: str, seconds: int = 3600) -> str:
        """A token as a pod of that account gets it (TokenRequest; at least 600 seconds)."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        async with self.api() as api:
            answer = await api.create(path, {"spec": {"expirationSeconds": seconds}})
        return answer["status"]["token"]

    async def service_account_kubeconfig(self, namespace: str, name: str) -> Path:
        """A kubeconfig for a ServiceAccount that exists: it may do what RBAC lets it do."""
        token = await self.service_account_token(namespace, name)
        return self.credentials.kubeconfig(f"{namespace}.{name}", token)

    @asynccontextmanager
    async def namespace(self, prefix: str = "test") -> AsyncIterator[Namespace]:
        """A new namespace; all in it is deleted afterwards, without waiting for that."""
        self.expect_running()
        name = f"{prefix}-{uuid.uuid4().hex[:8]}"
        await self.kubectl("create", "namespace", name)
        async with self.api() as api:
            try:
                yield Namespace(self, api, name)
            finally:
                await self.kubectl("delete", "namespace", name, "--wait=false")

    def _kubelet_command(self) -> tuple[str, ...]:
        where = (str(self.server), str(self.authority_file), self.credentials.admin_token)
        start = f"import sys; sys.path.insert(0, {str(_TESTS)!r})"
        run = "import runpy; runpy.run_module('support.cluster.kubelet', run_name='__main__')"
        return (sys.executable, "-c", f"{start}; {run}", *where)


class Namespace:
    """A test's own namespace; ``kubectl`` has it as the default, ``api`` is the admin's."""

    def __init__(self, cluster: Cluster, api: Api, name: str) -> None:
        self.cluster = cluster
        self.api = api
        self.name = name
        self.kubectl = cluster.kubectl.within(name)

    async def apply(self, *manifests: str | Object) -> None:
        """``kubectl apply`` of YAML texts and of objects, in this order."""
        texts = (item if isinstance(item, str) else yaml.safe_dump(item) for item in manifests)
        await self.kubectl("apply", "-f", "-", input="\n---\n".join(texts))

    async def get(self, resource: str, *arguments: str) -> Object:
        """What ``kubectl get RESOURCE ... -o json`` tells."""
        return json.loads(await self.kubectl("get", resource, *arguments, "-o", "json"))

    async def publish(self, name: str, host: str, *, pre_stop: float = 0) -> None:
        """Three pods, their Service, and an Ingress of our class that leads all of a host there."""
        await self.apply(deployment(name, 3, pre_stop=pre_stop), service(name))
        await self.create_ingress(name, f"{host}/*={name}:80")
        await self.has_addresses(name, 3)

    async def create_ingress(self, name: str, rule: str) -> None:
        """``kubectl create ingress`` with our class."""
        await self.kubectl("create", "ingress", name, "--class=ingressd", f"--rule={rule}")

    async def ingress_addresses(self, name: str) -> list[str]:
        """What ``kubectl get ingress`` shows as ADDRESS, as far as it is IPs."""
        status = (await self.get(f"ingress/{name}"))["status"]
        return [each["ip"] for each in status["loadBalancer"].get("ingress", ())]

    async def has_ingress_addresses(self, name: str, *expected: str) -> None:
        """Wait until an Ingress shows these, and no others."""
        await eventually(
            lambda: self.ingress_addresses(name), lambda found: found == list(expected)
        )

    async def rolled_out(self, deployment: str, seconds: int = 30) -> None:
        """Wait until all of a Deployment's pods are of its newest form, and ready."""
        timeout = f"--timeout={seconds}s"
        await self.kubectl("rollout", "status", f"deployment/{deployment}", timeout)

    async def roll(self, deployment: str) -> None:
        """Replace all pods, and wait for that.

        ``kubectl rollout restart`` twice within a second is an error; this can be repeated at once.
        """
        annotations = {"restarted": uuid.uuid4().hex}
        patch = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
        await self.kubectl("patch", f"deployment/{deployment}", "--patch", json.dumps(patch))
        await self.rolled_out(deployment)

    async def pods(self, app: str) -> list[Object]:
        """The pods labelled ``app=...`` that are not being deleted."""
        path = f"/api/v1/namespaces/{self.name}/pods"
        listed = await self.api.get(path, labelSelector=f"app={app}")
        return [pod for pod in listed["items"] if "deletionTimestamp" not in pod["metadata"]]

    async def addresses(self, service: str) -> set[str]:
        """The ready addresses in a Service's Endpoints."""
        path = f"/api/v1/namespaces/{self.name}/endpoints/{service}"
        subsets = (await self.api.get(path)).get("subsets", ())
        return {item["ip"] for subset in subsets for item in subset.get("addresses", ())}

    async def has_addresses(self, service: str, count: int, seconds: float = 30) -> set[str]:
        """Wait until that many addresses are ready, and return them."""
        return await eventually(
            lambda: self.addresses(service), lambda found: len(found) == count, seconds=seconds
        )
