"""What connections cost on which nothing happens."""

from __future__ import annotations

from collections.abc import AsyncIterator

from bench.memory import KIB
from bench.proxies.peer import HOST
from bench.scale.client import WEBSOCKET, Client, crowd, latencies
from bench.scale.figure import Figure, compared, percentile
from bench.scale.subject import STILL_HOST, Subject
from ingressd.proxy.client.listener import affordable_connections
from ingressd.routing.global_policy import Limits

FIRST = 20
"""Connections that make the worker load what it needs once."""

ROUNDS = 3
SPARE = 100
"""Connections that a worker has left for everybody else."""


def most_connections(wanted: int) -> int:
    """As many as wanted, or as one worker takes: it keeps four descriptors for each, of which there
    are as many here, where none takes more than two."""
    return max(1, min(wanted, affordable_connections(Limits().connections) - SPARE))


async def websocket_figure(measured: Subject, wanted: int) -> Figure:
    """Memory of the worker for each idle WebSocket."""
    count = most_connections(wanted)
    async with crowd(measured.port, FIRST, STILL_HOST, WEBSOCKET, 101):
        before = measured.worker_memory.pss
    async with crowd(measured.port, count, STILL_HOST, WEBSOCKET, 101) as clients:
        grown = measured.worker_memory.pss - before
        shown = f"{grown / count / KIB:.1f} KiB{_lost(clients)}"
    return Figure(f"worker's memory for each of {count} idle WebSockets", shown)


async def client_figures(measured: Subject, wanted: int, seconds: float) -> AsyncIterator[Figure]:
    """Memory of the worker for each idle client, and what they do to those that are not."""
    count = most_connections(wanted)
    alone = await _p99s(measured, seconds)
    before = measured.worker_memory.pss
    async with crowd(measured.port, count, HOST) as clients:
        grown = measured.worker_memory.pss - before
        among = await _p99s(measured, seconds)
        shown = f"{grown / count / KIB:.1f} KiB{_lost(clients)}"
    yield Figure(f"worker's memory for each of {count} keep-alive clients", shown)
    yield Figure("p99 of requests among them", compared(alone, among, "among them"))


async def _p99s(measured: Subject, seconds: float) -> list[float]:
    runs = [await latencies(measured.port, HOST, seconds) for _ in range(ROUNDS)]
    return [percentile(run, 0.99) for run in runs]


def _lost(clients: list[Client]) -> str:
    lost = sum(not client.is_open for client in clients)
    return f" ({lost} were closed)" if lost else ""
