"""Requests under full load: with a large table, and with two workers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from msgspec.structs import replace

from bench.cpu import own_cpu_seconds
from bench.ratios.cases import CASES
from bench.ratios.wrk import measured_run, run_wrk
from bench.scale.figure import Figure
from bench.scale.subject import Place, Subject, subject

ROUNDS = 3
CONNECTIONS = 256
"""So many that SO_REUSEPORT, which is a matter of chance, divides them nearly evenly."""

ENOUGH_CORES = 4
"""With which two workers have a core each, and the load two."""

TARGET = "x 1.8"


async def table_figure(large: Subject, small: Subject, seconds: int, core: int) -> Figure:
    """CPU per request with the large table, to that with a small one, in turns."""
    times: dict[int, list[float]] = {large.port: [], small.port: []}
    for _ in range(ROUNDS):
        for each in (large, small):
            run = await asyncio.to_thread(measured_run, each.running, CASES[0], seconds, core)
            times[each.port].append(run.microseconds)
    full, few = (median(times[each.port]) for each in (large, small))
    shown = f"{full:.1f} us, {few:.1f} us with few Ingresses: x {full / few:.2f}"
    return Figure("CPU per request, keep-alive", shown, "x 1.1")


async def worker_figure(folder: Path, source: Sequence[str], place: Place, seconds: int) -> Figure:
    """What two workers can serve, to what one can."""
    count = len({*place.proxy_cores, *place.load_cores})
    if count >= ENOUGH_CORES:
        one, two = [
            await _throughput(folder, source, _with_room(place, workers), seconds)
            for workers in (1, 2)
        ]
        return Figure("two workers to one, requests/s", f"x {two / one:.2f}", TARGET)
    one, two = [await _busiest(folder, source, place, workers, seconds) for workers in (1, 2)]
    title = f"two workers to one, from CPU per request ({count} cores: no room to run them)"
    return Figure(title, f"x {one / two:.2f}", TARGET)


def _with_room(place: Place, workers: int) -> Place:
    cores = (*place.load_cores, *place.proxy_cores)
    return replace(place, load_cores=cores[:2], proxy_cores=cores[-workers:])


async def _throughput(folder: Path, source: Sequence[str], place: Place, seconds: int) -> float:
    """Requests of as many workers as there are cores for them."""
    workers = len(place.proxy_cores)
    async with subject(folder, f"workers-{workers}", source, place, workers) as measured:
        return await _requests(measured, seconds, place.load_cores)


async def _busiest(
    folder: Path, source: Sequence[str], place: Place, workers: int, seconds: int
) -> float:
    """CPU seconds, for each request of all, of the worker that has most to do: with a core for each
    it would be the first that can do no more."""
    async with subject(folder, f"workers-{workers}", source, place, workers) as measured:
        before = [own_cpu_seconds(pid) for pid in measured.workers]
        finished = await _requests(measured, seconds, place.load_cores)
        after = [own_cpu_seconds(pid) for pid in measured.workers]
        return max(end - begin for begin, end in zip(before, after, strict=True)) / finished


async def _requests(measured: Subject, seconds: int, cores: Sequence[int]) -> int:
    return await asyncio.to_thread(run_wrk, measured.running, CASES[0], seconds, cores, CONNECTIONS)
