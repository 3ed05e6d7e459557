"""``python -m bench.scale``: run ingressd with a large cluster and print what that costs it."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import uvloop
from msgspec.structs import fields

from bench.cluster.shape import Shape
from bench.cpu import available_cores
from bench.proxies.nginx import start_backend
from bench.scale.figure import Figure, render
from bench.scale.namespace import enter, needed_programs
from bench.scale.run import PARTS, Bench, Plan
from bench.scale.subject import Place

ROOMY = 3
"""Cores with which load, controller and worker have one each."""


def main() -> int:
    """Measure; exit 0 when there is a table, 2 when something every run needs is missing."""
    options = vars(_parser().parse_args())
    if missing := needed_programs():
        print(f"bench.scale needs {', '.join(missing)}: apt-get install wrk nginx-light iproute2")
        return 2
    try:
        enter(sys.argv[1:])
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"bench.scale needs a network namespace, for root or by `unshare --user`: {error}")
        return 2
    cores = available_cores()
    shape = Shape(**{field.name: options.pop(field.name) for field in fields(Shape)})
    figures = uvloop.run(_figures(Plan(shape=shape, **options), cores))
    print(f"{_title(shape, len(cores))}\n{render(figures)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    for field in fields(Shape):
        parser.add_argument(f"--{field.name}", type=int, default=field.default)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--seconds", type=int, default=3, help="length of one run of load")
    parser.add_argument("--changes", type=int, default=200, help="of the endpoints of one Service")
    parser.add_argument("--websockets", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=5_000, help="idle, keep-alive")
    return parser


async def _figures(plan: Plan, cores: tuple[int, ...]) -> list[Figure]:
    found = []
    with tempfile.TemporaryDirectory(prefix="ingressd-bench-") as name:
        folder = Path(name)
        backend = start_backend(folder, cores[0])
        os.sched_setaffinity(0, cores[:1])
        place = Place(cores[1:] or cores, cores[:1], backend.ports.http)
        try:
            async for figure in Bench(plan, folder, place).figures():
                found.append(figure)
                if sys.stderr.isatty():
                    print(f"{figure.name}: {figure.measured}", file=sys.stderr)
        finally:
            backend.stop()
    return found


def _title(shape: Shape, cores: int) -> str:
    names = [field.name for field in fields(Shape) if field.name != "seed"]
    sizes = ", ".join(f"{getattr(shape, name):,} {name}" for name in names)
    note = "" if cores >= ROOMY else "; controller and worker share a core"
    return f"ingressd with {sizes}{note}"


if __name__ == "__main__":
    raise SystemExit(main())
