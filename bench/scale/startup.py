"""How long ingressd takes to serve a cluster, and how much memory that needs."""

from __future__ import annotations

from collections.abc import Iterator

from bench.scale.figure import Figure
from bench.scale.subject import Subject


def startup_figures(measured: Subject, source: str) -> Iterator[Figure]:
    """Right after it became ready."""
    yield Figure(f"ready, {source}", f"{measured.ready_after:.2f} s", "5 s")
    yield Figure(f"controller, {source}", f"{measured.controller_memory} MiB", "200 MiB")
    yield Figure(f"worker, {source}", f"{measured.worker_memory} MiB", "120 MiB")
