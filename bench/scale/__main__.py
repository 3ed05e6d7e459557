"""``python -m bench.scale``: run ingressd with a large cluster and print what that costs it."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import uvloop
from msgspec.structs import fields

from bench.cluster.options import add_shape, take_shape
from bench.cluster.shape import Shape
from bench.cpu import available_cores
from bench.options import positive
from bench.programs import end_like_ctrl_c
from bench.proxies.nginx import start_backend
from bench.ratios.cases import CASES
from bench.ratios.readiness import is_ready
from bench.scale.figure import Figure, render
from bench.scale.namespace import enter, needed_programs
from bench.scale.run import PARTS, Bench, Plan
from bench.scale.subject import Place

ROOMY = 3
"""Cores with which load, controller and worker have one each."""


def main() -> int:
    """Measure; exit 0 when there is a table, 2 when nothing could be measured."""
    options = vars(_parser().parse_args())
    if missing := needed_programs():
        print(f"bench.scale needs {', '.join(missing)}: apt-get install wrk nginx-light iproute2")
        return 2
    try:
        enter(sys.argv[1:])
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"bench.scale needs a network namespace, for root or by `unshare --user`: {error}")
        return 2
    end_like_ctrl_c()
    cores = available_cores()
    shape = take_shape(options)
    figures: list[Figure] = []
    try:
        uvloop.run(_measure(Plan(shape=shape, **options), cores, figures))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("interrupted: what follows was measured before")
    if not figures:
        print("nothing was measured")
        return 2
    print(f"{_title(shape, len(cores))}\n{render(figures)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    add_shape(parser)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--seconds", type=positive, default=3, help="length of one run of load")
    help_ = "of the endpoints of one Service"
    parser.add_argument("--changes", type=positive, default=200, help=help_)
    parser.add_argument("--websockets", type=positive, default=10_000)
    parser.add_argument("--clients", type=positive, default=5_000, help="idle, keep-alive")
    help_ = "whose requests never end"
    parser.add_argument("--slow-clients", type=positive, default=5_000, help=help_)
    return parser


async def _measure(plan: Plan, cores: tuple[int, ...], found: list[Figure]) -> None:
    """Add every figure to those that are found, so that an interruption loses none."""
    with tempfile.TemporaryDirectory(prefix="ingressd-bench-") as name:
        folder = Path(name)
        backend = start_backend(folder, cores[0])
        os.sched_setaffinity(0, cores[:1])
        place = Place(cores[1:] or cores, cores[:1], backend.ports.http)
        try:
            if not is_ready(backend, CASES[:1]):
                return
            async for figure in Bench(plan, folder, place).figures():
                found.append(figure)
                if sys.stderr.isatty():
                    print(f"{figure.name}: {figure.measured}", file=sys.stderr)
        finally:
            backend.stop()


def _title(shape: Shape, cores: int) -> str:
    names = [field.name for field in fields(Shape) if field.name != "seed"]
    sizes = ", ".join(f"{getattr(shape, name):,} {name}" for name in names)
    note = "" if cores >= ROOMY else "; controller and worker share a core"
    return f"ingressd on Python {platform.python_version()} with {sizes}{note}"


if __name__ == "__main__":
    raise SystemExit(main())
