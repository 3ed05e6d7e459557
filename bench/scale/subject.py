"""ingressd with a cluster, from its start to its end, and the objects that are measured on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from msgspec import Struct

from bench.cluster.objects import Object, endpoint_slice, ingress, service
from bench.cpu import descendants, pinned
from bench.memory import Memory, memory_of
from bench.programs import Ports, Running, free_ports, start, subfolder
from bench.proxies.ingressd import run_command
from bench.proxies.peer import HOST
from bench.scale.namespace import PODS

NAMESPACE = "bench"
LIVE_HOST = "live.example.com"
STILL_HOST = "still.example.com"
READY_SECONDS = 120.0
WORKER_MODULE = b"ingressd.workers.process"


class NotReady(Exception):
    """ingressd ended, or does not serve what it was given."""


class Place(Struct, frozen=True):
    """Who runs where, and the port of the backend that ``bench`` leads to."""

    proxy_cores: tuple[int, ...]
    load_cores: tuple[int, ...]
    backend: int


class Subject(Struct, frozen=True):
    """A running ingressd; ``ready_after`` is the seconds from its start to 200 of /readyz."""

    running: Running
    ready_after: float

    @property
    def port(self) -> int:
        """Of HTTP."""
        return self.running.ports.http

    @property
    def workers(self) -> list[int]:
        """Process ids."""
        return [pid for pid in descendants(self.running.pid) if WORKER_MODULE in _command(pid)]

    @property
    def controller_memory(self) -> Memory:
        """Of the process that reads the cluster."""
        return memory_of(self.running.pid)

    @property
    def worker_memory(self) -> Memory:
        """Of the first process that serves."""
        return memory_of(self.workers[0])


def own_objects() -> dict[str, list[Object]]:
    """What is measured, to be added to any cluster: ``bench`` leads where --backend says, ``live``
    to a pod that changes, and ``still`` to one that does not."""
    places = {HOST: "bench", LIVE_HOST: "live", STILL_HOST: "still"}
    return {
        "ingresses": [ingress(NAMESPACE, name, host, [name]) for host, name in places.items()],
        "services": [service(NAMESPACE, name) for name in places.values()],
        "endpointslices": [live_slice(PODS[0]), endpoint_slice(NAMESPACE, "still", [PODS[2]])],
    }


def live_slice(address: str) -> Object:
    """The EndpointSlice of ``live`` when it has one pod."""
    return endpoint_slice(NAMESPACE, "live", [address])


@asynccontextmanager
async def subject(
    folder: Path, name: str, source: Sequence[str], place: Place, workers: int = 1
) -> AsyncIterator[Subject]:
    """Start ingressd; it is ready when the block begins, and gone after it."""
    http, https, admin = free_ports(3)
    ports = Ports(http=http, https=https, admin=admin, backend=place.backend)
    flags = [
        *source,
        "--backend",
        f"{NAMESPACE}/bench=127.0.0.1:{place.backend}",
        "--no-access-log",
    ]
    command = pinned(place.proxy_cores, run_command(ports, flags, workers))
    begun = time.monotonic()
    running = start(name, command, subfolder(folder, name), ports)
    try:
        await _until_ready(running)
        yield Subject(running, time.monotonic() - begun)
    finally:
        await asyncio.to_thread(running.stop)


async def _until_ready(running: Running) -> None:
    url = f"http://127.0.0.1:{running.ports.admin}/readyz"
    end = time.monotonic() + READY_SECONDS
    async with aiohttp.ClientSession() as session:
        while running.is_alive and time.monotonic() < end:
            try:
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass  # it does not listen yet
            await asyncio.sleep(0.01)
    raise NotReady(f"{running.name} does not become ready:\n{running.last_words}")


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
