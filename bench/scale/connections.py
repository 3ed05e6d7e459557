"""What connections cost on which nothing happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from statistics import median

from bench.memory import KIB
from bench.proxies.peer import HOST
from bench.scale.client import WEBSOCKET, Client, crowd, latencies
from bench.scale.figure import Figure, milliseconds, percentile
from bench.scale.namespace import open_files
from bench.scale.subject import STILL_HOST, Subject

FIRST = 20
"""Connections that make the worker load what it needs once."""

ROUNDS = 3
SPARE_FILES = 2_000
"""Descriptors that are needed for everything else."""


def most_websockets(wanted: int) -> int:
    """As many as wanted, or as descriptors allow: each takes two here, and two in the worker."""
    return min(wanted, (open_files() - SPARE_FILES) // 2)


async def websocket_figure(measured: Subject, wanted: int) -> Figure:
    """Memory of the worker for each idle WebSocket."""
    count = most_websockets(wanted)
    async with crowd(measured.port, FIRST, STILL_HOST, WEBSOCKET, 101):
        before = measured.worker_memory.pss
    async with crowd(measured.port, count, STILL_HOST, WEBSOCKET, 101) as clients:
        grown = measured.worker_memory.pss - before
        shown = f"{grown / count / KIB:.1f} KiB{_lost(clients)}"
    return Figure(f"worker's memory for each of {count} idle WebSockets", shown)


async def client_figures(measured: Subject, wanted: int, seconds: float) -> AsyncIterator[Figure]:
    """Memory of the worker for each idle client, and what they do to those that are not."""
    count = min(wanted, open_files() - SPARE_FILES)
    alone = await _usual_p99(measured, seconds)
    before = measured.worker_memory.pss
    async with crowd(measured.port, count, HOST) as clients:
        grown = measured.worker_memory.pss - before
        among = await _usual_p99(measured, seconds)
        shown = f"{grown / count / KIB:.1f} KiB{_lost(clients)}"
    yield Figure(f"worker's memory for each of {count} keep-alive clients", shown)
    shown = f"{milliseconds(alone)}, {milliseconds(among)} among them: x {among / alone:.2f}"
    yield Figure("p99 of requests among them", shown)


async def _usual_p99(measured: Subject, seconds: float) -> float:
    runs = [await latencies(measured.port, HOST, seconds) for _ in range(ROUNDS)]
    return median(percentile(run, 0.99) for run in runs)


def _lost(clients: list[Client]) -> str:
    lost = sum(not client.is_open for client in clients)
    return f" ({lost} were closed)" if lost else ""
