"""Replicas of ingressd in one cluster: real controllers and companions, an API server in memory.
What one writes, all see, as through a watch that is never late.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.cluster.companions import Companions, ReplicaSettings
from ingressd.controller.cluster.elector import Candidate
from ingressd.controller.controller import Controller
from ingressd.resources.decoding import decode_json
from ingressd.resources.ingress import Ingress
from ingressd.resources.metadata import ObjectKey, Resource
from ingressd.resources.service import Service
from ingressd.sources.events import Added, Deleted, Modified, Synced
from support.object_store_api import Object, ObjectStoreApi
from support.objects import OUR_CLASS, endpoint_slice, meta, rule, service
from support.objects import ingress as plain_ingress
from support.routes import certificate
from support.simulated_time import run_simulated

LEASE = "/apis/coordination.k8s.io/v1/namespaces/ingress/leases/leader"
_INGRESS = "/apis/networking.k8s.io/v1/namespaces/{}/ingresses/{}"
_CORE = "/api/v1/namespaces/{}/{}s/{}"


def path_of(resource: Resource) -> str:
    """Where the API server has an object."""
    where = resource.metadata
    if isinstance(resource, Ingress):
        return _INGRESS.format(where.namespace, where.name)
    return _CORE.format(where.namespace, type(resource).__name__.lower(), where.name)


class Replica:
    """One process, as far as it speaks to the cluster. Its workers serve everything at once."""

    def __init__(self, name: str, api: ObjectStoreApi, **settings: Any) -> None:
        self.name = name
        self.controller = Controller(
            CompilerSettings(),
            fallback_certificate=certificate("ingress.local", fingerprint="f", secret=""),
            now=lambda: 0.0,
        )
        candidate = Candidate(name, "ingress", "leader")
        wanted = ReplicaSettings(candidate, name, **settings)
        self.companions = Companions(api, wanted)  # type: ignore[arg-type]
        self.served: Callable[[], int] = lambda: self.controller.generation
        self._task = asyncio.create_task(
            self.companions.live(self.controller, lambda: self.served())
        )

    @property
    def is_leader(self) -> bool:
        return self.companions.is_leader

    async def kill(self) -> None:
        """As SIGKILL does."""
        self._task.cancel()
        await asyncio.wait((self._task,))

    async def terminate(self) -> None:
        """As SIGTERM does, with all the grace there is."""
        await self.companions.leave()
        await self.kill()


class Cluster:
    """Objects, and the replicas that watch them."""

    def __init__(self) -> None:
        self.api = ObjectStoreApi()
        self.api.watchers.append(self._deliver)
        self.replicas: list[Replica] = []
        self._read: dict[str, Resource] = {}

    async def start(self, name: str, **settings: Any) -> Replica:
        """A replica that knows everything there is."""
        replica = Replica(name, self.api, **settings)
        await asyncio.sleep(0)
        self.replicas.append(replica)
        await asyncio.sleep(0.001)
        replica.controller.apply([*map(Added, self._read.values()), Synced()])
        return replica

    def apply(self, *resources: Resource) -> None:
        """``kubectl apply``."""
        for resource in resources:
            self._read[path_of(resource)] = resource
            self.api.put(path_of(resource), msgspec.to_builtins(resource))

    def delete(self, resource: Resource) -> None:
        """``kubectl delete``."""
        self.api.remove(path_of(resource))

    def addresses(self, name: str) -> list[str]:
        """What ``kubectl get ingress`` shows as ADDRESS."""
        status = self._stored(name).get("status", {})
        entries = status.get("loadBalancer", {}).get("ingress") or []
        return [each.get("ip") or each.get("hostname") for each in entries]

    def events(self, name: str = "web") -> list[Object]:
        """The Events of an Ingress, oldest first."""
        found = [o for path, o in self.api.objects.items() if "/events/" in path]
        return [each for each in found if each["involvedObject"]["name"] == name]

    def told(self, name: str = "web") -> list[tuple[str, str, int]]:
        """Type, reason and count of those Events."""
        return [(each["type"], each["reason"], each["count"]) for each in self.events(name)]

    def leaders(self) -> list[str]:
        """Who leads now."""
        return [each.name for each in self.replicas if each.is_leader]

    def _stored(self, name: str) -> Object:
        return self.api.objects[_INGRESS.format("default", name)]

    def _deliver(self, path: str, stored: Object | None) -> None:
        """The watch. Of what ingressd writes itself it hears only about Ingresses."""
        before = self._read.get(path)
        if before is None:
            return
        if stored is None:
            del self._read[path]
            event: Any = Deleted(before.key)
        else:
            self._read[path] = decode_json(msgspec.json.encode(stored), type(before))
            event = Modified(self._read[path])
        for replica in self.replicas:
            replica.controller.apply([event])


@asynccontextmanager
async def cluster() -> AsyncIterator[Cluster]:
    """A cluster without replicas; those that run at the end are killed."""
    made = Cluster()
    try:
        yield made
    finally:
        for each in made.replicas:
            await each.kill()


def in_cluster(scene: Callable[[Cluster], Awaitable[None]]) -> None:
    """Play a scene in simulated time, in a cluster of its own."""

    async def main() -> None:
        async with cluster() as made:
            await scene(made)

    run_simulated(main())


def ingress(
    name: str = "web", *hosts: str, of_class: str = OUR_CLASS, generation: int = 1
) -> Ingress:
    """An Ingress as the API server has it, with one route for each host."""
    made = plain_ingress(name, *(rule(host, "/") for host in hosts or ("a.test",)))
    metadata = meta(name, uid=f"uid-{name}", generation=generation)
    spec = msgspec.structs.replace(made.spec, ingress_class_name=of_class)
    return msgspec.structs.replace(made, metadata=metadata, spec=spec)


def with_status(made: Ingress, *addresses: str) -> Ingress:
    """The Ingress with a status that somebody wrote."""
    status = {"loadBalancer": {"ingress": [{"ip": each} for each in addresses]}}
    raw = {**msgspec.to_builtins(made), "status": status}
    return decode_json(msgspec.json.encode(raw), Ingress)


def web_objects() -> tuple[Resource, ...]:
    """What stands behind the routes: without these there is something to complain about."""
    return service("web"), endpoint_slice("web", "10.0.0.1")


def load_balancer(*ips: str) -> Service:
    """The Service in front of ingressd."""
    raw = {
        "metadata": {"name": "front", "namespace": "ingress"},
        "spec": {"type": "LoadBalancer"},
        "status": {"loadBalancer": {"ingress": [{"ip": ip} for ip in ips]}},
    }
    return decode_json(msgspec.json.encode(raw), Service)


KEY = ObjectKey("Ingress", "default", "web")
