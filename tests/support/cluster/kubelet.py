"""Stands in for scheduler, kubelet and container runtime: ``python -m support.cluster.kubelet``.

Every pod goes to one node, gets an address of its own and is served from this process, so that
``kubectl scale``, ``set image`` and ``rollout restart`` mean what they mean. A process of its own:
a test that keeps its event loop busy does not slow the pods down.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import uvloop

from support.cluster.api import Api, Object
from support.cluster.network import NODE_ADDRESS, POD_RANGE
from support.cluster.pod_run import DEFAULT_GRACE_SECONDS, PodRun

NODE = "node-1"


class Kubelet:
    """Follows all pods, and has a task for each."""

    def __init__(self, api: Api, prober: aiohttp.ClientSession) -> None:
        self._api = api
        self._prober = prober
        self._addresses = _addresses()
        self._runs: dict[str, PodRun] = {}

    async def run(self) -> None:
        await self._register()
        async with asyncio.TaskGroup() as tasks:
            async for event in self._api.follow("/api/v1/pods"):
                self._observe(event, tasks)

    async def _register(self) -> None:
        node = {"metadata": {"name": NODE, "labels": {"kubernetes.io/hostname": NODE}}}
        await self._api.insist("POST", "/api/v1/nodes", node)
        addresses = [{"type": "InternalIP", "address": NODE_ADDRESS}]
        conditions = [{"type": "Ready", "status": "True", "reason": "StandIn"}]
        status = {"addresses": addresses, "conditions": conditions}
        await self._api.insist("PATCH", f"/api/v1/nodes/{NODE}/status", {"status": status})

    def _observe(self, event: Object, tasks: asyncio.TaskGroup) -> None:
        match event:
            case {"type": "LISTED", "object": listed}:
                present = {pod["metadata"]["uid"] for pod in listed["items"]}
                for uid in self._runs.keys() - present:
                    self._runs.pop(uid).abandon()
                for pod in listed["items"]:
                    self._see(pod, tasks)
            case {"type": "DELETED", "object": pod}:
                if run := self._runs.pop(pod["metadata"]["uid"], None):
                    run.abandon()
            case {"object": pod}:
                self._see(pod, tasks)

    def _see(self, pod: Object, tasks: asyncio.TaskGroup) -> None:
        metadata = pod["metadata"]
        run = self._runs.get(metadata["uid"])
        if run is None:
            run = PodRun(self._api, self._prober, pod, next(self._addresses))
            self._runs[metadata["uid"]] = run
            tasks.create_task(_guarded(run), name=metadata["name"])
        if "deletionTimestamp" in metadata:
            run.stop(float(metadata.get("deletionGracePeriodSeconds", DEFAULT_GRACE_SECONDS)))


async def _guarded(run: PodRun) -> None:
    """A pod that cannot be run takes no other one with it; the log tells."""
    try:
        await run.run(NODE)
    except Exception:
        logging.exception("a pod failed")


def _addresses() -> Iterator[str]:
    """Each pod's own; none is given twice, so that a stale one is noticed."""
    return map(str, ipaddress.ip_network(POD_RANGE).hosts())


async def main(server: str, authority_file: str, token: str) -> None:
    """Serve until killed."""
    connector = aiohttp.TCPConnector(force_close=True, limit=0)
    async with (
        Api(server, Path(authority_file), token) as api,
        aiohttp.ClientSession(connector=connector) as prober,
    ):
        await Kubelet(api, prober).run()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
