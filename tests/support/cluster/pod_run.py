"""The life of one pod on the stand-in's node: bound, started, probed, stopped, removed."""

from __future__ import annotations

import asyncio
import datetime
import re

import aiohttp

from support.cluster.api import Api, Object
from support.cluster.network import NODE_ADDRESS
from support.cluster.pod_app import Identity, PodApp
from support.cluster.probes import Probe, readiness_probe

DEFAULT_PORT = 8080
DEFAULT_GRACE_SECONDS = 30


class PodRun:
    """``run`` ends when the pod is gone; ``stop`` and ``abandon`` are how that starts."""

    def __init__(self, api: Api, prober: aiohttp.ClientSession, pod: Object, address: str) -> None:
        metadata = pod["metadata"]
        self._api = api
        self._prober = prober
        self._pod = pod
        self._address = address
        self._path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        self._app = PodApp(_identity(pod, address))
        self._started = _now()
        self._is_ready = False
        self._stopping = asyncio.Event()
        self._grace = float(DEFAULT_GRACE_SECONDS)

    def stop(self, grace: float) -> None:
        """Told to end within ``grace`` seconds (metadata.deletionGracePeriodSeconds)."""
        self._grace = grace
        self._stopping.set()

    def abandon(self) -> None:
        """The object is gone already: nothing to finish."""
        self._grace = 0.0
        self._stopping.set()

    async def run(self, node: str) -> None:
        try:
            if not self._pod["spec"].get("nodeName"):
                await self._bind(node)
            await self._live()
        finally:
            self._app.close()

    async def _bind(self, node: str) -> None:
        binding = {
            "metadata": {"name": self._pod["metadata"]["name"]},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        }
        await self._api.insist("POST", f"{self._path}/binding", binding)

    async def _live(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            work = tasks.create_task(self._work())
            await self._stopping.wait()
            await asyncio.sleep(min(self._grace, _pre_stop_seconds(self._pod)))
            work.cancel()
        await self._app.stop(self._grace)
        uid = self._pod["metadata"]["uid"]
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}}
        await self._api.insist("DELETE", self._path, options)

    async def _work(self) -> None:
        await self._app.start(_ports(self._pod))
        probe = readiness_probe(self._pod)
        self._is_ready = probe is None
        await self._report()
        if probe is not None:
            await self._keep_probing(probe)

    async def _keep_probing(self, probe: Probe) -> None:
        await asyncio.sleep(probe.delay)
        in_a_row = 0
        while True:
            passes = await probe.passes(self._prober, self._address)
            in_a_row = in_a_row + 1 if passes != self._is_ready else 0
            if in_a_row >= (probe.successes if passes else probe.failures):
                self._is_ready = passes
                in_a_row = 0
                await self._report()
            await asyncio.sleep(probe.period)

    async def _report(self) -> None:
        await self._api.insist("PATCH", f"{self._path}/status", {"status": self._status()})

    def _status(self) -> Object:
        ready = "True" if self._is_ready else "False"
        conditions = {
            "PodScheduled": "True",
            "Initialized": "True",
            "ContainersReady": ready,
            "Ready": ready,
        }
        return {
            "phase": "Running",
            "hostIP": NODE_ADDRESS,
            "podIP": self._address,
            "podIPs": [{"ip": self._address}],
            "startTime": self._started,
            "conditions": [
                {"type": kind, "status": status, "lastTransitionTime": _now()}
                for kind, status in conditions.items()
            ],
            "containerStatuses": [self._container(c) for c in self._pod["spec"]["containers"]],
        }

    def _container(self, container: Object) -> Object:
        return {
            "name": container["name"],
            "image": container["image"],
            "imageID": container["image"],
            "ready": self._is_ready,
            "started": True,
            "restartCount": 0,
            "state": {"running": {"startedAt": self._started}},
        }


def _identity(pod: Object, address: str) -> Identity:
    container = pod["spec"]["containers"][0]
    env = {item["name"]: item.get("value", "") for item in container.get("env", ())}
    metadata = pod["metadata"]
    return Identity(metadata["namespace"], metadata["name"], address, container["image"], env)


def _ports(pod: Object) -> tuple[int, ...]:
    """Every TCP port of every container; where none is declared, the usual one."""
    ports = [port for c in pod["spec"]["containers"] for port in c.get("ports", ())]
    tcp = [port["containerPort"] for port in ports if port.get("protocol", "TCP") == "TCP"]
    return tuple(dict.fromkeys(tcp)) or (DEFAULT_PORT,)


def _pre_stop_seconds(pod: Object) -> float:
    """A container's lifecycle.preStop that sleeps; other commands have nothing to run here."""
    hook = (pod["spec"]["containers"][0].get("lifecycle") or {}).get("preStop") or {}
    command = " ".join((hook.get("exec") or {}).get("command", ()))
    found = re.search(r"\bsleep (\d+(?:\.\d+)?)", command)
    return float(found[1]) if found else 0.0


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
