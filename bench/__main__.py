"""``python -m bench``: start everything, measure in turns, print one table, stop everything."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.cases import CASES, Case, chosen_cases
from bench.cpu import split_cores
from bench.load import LoadError, microseconds_per_request, run_wrk
from bench.peers import (
    PEERS,
    Peer,
    Running,
    find_program,
    free_ports,
    start_backend,
    start_peer,
    write_certificate,
)
from bench.readiness import is_ready
from bench.table import medians, render

WARM_UP_SECONDS = 1

Samples = dict[tuple[str, str], list[float]]


def main() -> int:
    """Measure; exit 0 when there is a table, 2 when something every run needs is missing."""
    options = _options()
    missing = [name for name in ("wrk", "nginx", "taskset") if not find_program(name)]
    if missing:
        print(f"bench needs {', '.join(missing)}: apt-get install wrk nginx-light util-linux")
        return 2
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ingressd-bench-")))
        peers = _start_all(folder, stack, _chosen_peers(options.peers))
        samples = _measure(peers, options)
    names = [peer.name for peer in peers]
    print(render(samples, options.cases, names))
    if options.json:
        Path(options.json).write_text(json.dumps(_report(samples, options), indent=2) + "\n")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--cases", type=_case_list, default=CASES, help="comma-separated; all")
    parser.add_argument("--peers", default="", help="comma-separated; all that are installed")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each pair (median)")
    parser.add_argument("--seconds", type=int, default=3, help="length of one run")
    parser.add_argument("--json", metavar="FILE", help="also write every sample there")
    return parser.parse_args()


def _case_list(names: str) -> tuple[Case, ...]:
    try:
        return chosen_cases(names)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _chosen_peers(names: str) -> list[Peer]:
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    chosen = [peer for peer in PEERS if not wanted or peer.name in wanted]
    for peer in chosen:
        if not peer.is_installed:
            print(f"{peer.name}: not measured, {peer.program} is not installed")
    return [peer for peer in chosen if peer.is_installed]


def _start_all(folder: Path, stack: ExitStack, chosen: Sequence[Peer]) -> list[Running]:
    folder.chmod(0o755)  # nginx's worker leaves root and must still reach what it serves
    proxy_core, other_core = split_cores()
    if proxy_core == other_core:
        print("one core only: the proxies share it with the load, figures will be high")
    write_certificate(folder)
    (port,) = free_ports(1)
    backend = start_backend(_subfolder(folder, "backend"), port, other_core)
    stack.callback(backend.stop)
    running = []
    for peer in chosen:
        proxy = start_peer(peer, _subfolder(folder, peer.name), port, proxy_core)
        stack.callback(proxy.stop)
        if is_ready(proxy):
            running.append(proxy)
    return running


def _subfolder(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir(mode=0o755)
    return path


def _measure(peers: Sequence[Running], options: argparse.Namespace) -> Samples:
    _, load_core = split_cores()
    samples: Samples = {}
    for peer in peers:
        run_wrk(peer, options.cases[0], WARM_UP_SECONDS, load_core)
    for case, peer in _turns(peers, options):
        try:
            value = microseconds_per_request(peer, case, options.seconds, load_core)
        except LoadError as error:
            print(f"{peer.name}, {case.title}: {error}")
            continue
        samples.setdefault((case.name, peer.name), []).append(value)
        if sys.stderr.isatty():
            print(f"{case.name} {peer.name} {value:.1f}", file=sys.stderr)
    return samples


def _turns(peers: Sequence[Running], options: argparse.Namespace) -> Iterator[tuple[Case, Running]]:
    """Peers take turns within a round, so that a noisy minute hits them all."""
    for _ in range(options.rounds):
        for case in options.cases:
            for peer in peers:
                yield case, peer


def _report(samples: Samples, options: argparse.Namespace) -> dict[str, object]:
    return {
        "unit": "CPU microseconds per request, user and system, whole process tree",
        "rounds": options.rounds,
        "seconds": options.seconds,
        "cores": os.cpu_count(),
        "medians": medians(samples),
        "samples": [
            {"case": case, "peer": peer, "values": [round(value, 2) for value in values]}
            for (case, peer), values in samples.items()
        ],
    }


if __name__ == "__main__":
    raise SystemExit(main())
