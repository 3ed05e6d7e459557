"""``python -m bench``: start everything, measure in turns, print the ratios, stop everything."""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from msgspec.structs import asdict

from bench.options import chosen, positive
from bench.programs import end_like_ctrl_c, missing_programs
from bench.proxies.peer import Peer
from bench.proxies.peers import known_peers
from bench.ratios.cases import CASES
from bench.ratios.measure import Plan, Samples, measure, start_all, warn_of_resumption
from bench.ratios.report import medians, render
from bench.table import aligned

QUIET = 0.5
"""The highest load average of a machine that has nothing else to do."""


def main() -> int:
    """Measure; exit 0 when there is a table, 2 when nothing could be measured."""
    options = _options()
    if missing := missing_programs("wrk", "nginx", "taskset"):
        print(f"bench needs {', '.join(missing)}: apt-get install wrk nginx-light util-linux")
        return 2
    end_like_ctrl_c()
    plan = Plan(options.cases, options.rounds, options.seconds)
    peers = _usable(options.peers, plan)
    print(aligned([[peer.name, peer.version] for peer in peers], left=2), end="\n\n", flush=True)
    if (load := os.getloadavg()[0]) > QUIET:
        print(f"load average {load:.1f}: what else runs here makes figures high", flush=True)
    try:
        samples = _measured(peers, plan)
    except KeyboardInterrupt:
        samples = {}
    if not samples:
        print("nothing was measured")
        return 2
    measured = {name for _, name in samples}
    print(render(samples, plan.cases, [peer.name for peer in peers if peer.name in measured]))
    if options.json:
        options.json.write_text(json.dumps(_report(samples, peers), indent=2) + "\n")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--cases", default="", help="comma-separated; all")
    parser.add_argument("--peers", default="", help="comma-separated; all that are installed")
    parser.add_argument("--rounds", type=positive, default=3, help="runs of each pair (median)")
    parser.add_argument("--seconds", type=positive, default=2, help="length of one run")
    help_ = "also measure ingressd by another interpreter, which has what ingressd depends on"
    parser.add_argument("--python", metavar="PATH", help=help_)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every run there")
    options = parser.parse_args()
    try:
        options.cases = chosen(options.cases, CASES)
        options.peers = chosen(options.peers, known_peers(options.python))
        if options.json:
            options.json.parent.mkdir(parents=True, exist_ok=True)
            options.json.touch()
    except (ValueError, OSError) as error:
        parser.error(str(error))
    return options


def _usable(wanted: Sequence[Peer], plan: Plan) -> list[Peer]:
    """Those that are installed and take part in a case."""
    taking_part = [peer for peer in wanted if plan.cases_of(peer.name)]
    for peer in taking_part:
        if not peer.is_installed:
            print(f"{peer.name}: not measured, {peer.program} is not installed")
    return [peer for peer in taking_part if peer.is_installed]


def _measured(peers: Sequence[Peer], plan: Plan) -> Samples:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ingressd-bench-")))
        running = start_all(folder, stack, peers, plan)
        if any(case.tls and case.close for case in plan.cases):
            warn_of_resumption(running)
        return measure(running, plan)


def _report(samples: Samples, peers: Sequence[Peer]) -> dict[str, object]:
    return {
        "machine": platform.platform(),
        "cores": os.cpu_count(),
        "versions": {peer.name: peer.version for peer in peers},
        "cpu_microseconds_per_request": medians(samples),
        "runs": [
            {"case": case, "peer": peer, **asdict(run)}
            for (case, peer), runs in samples.items()
            for run in runs
        ],
    }


if __name__ == "__main__":
    raise SystemExit(main())
