"""``python -m bench``: start everything, measure in turns, print the ratios, stop everything."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.programs import missing_programs
from bench.proxies.peer import Peer
from bench.proxies.peers import MANY, PEERS
from bench.ratios.cases import CASES, Case, chosen_cases
from bench.ratios.measure import Plan, Samples, measure, start_all, warn_of_resumption
from bench.ratios.report import medians, render


def main() -> int:
    """Measure; exit 0 when there is a table, 2 when something every run needs is missing."""
    options = _options()
    if missing := missing_programs("wrk", "nginx", "taskset"):
        print(f"bench needs {', '.join(missing)}: apt-get install wrk nginx-light util-linux")
        return 2
    plan = Plan(options.cases, options.rounds, options.seconds)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ingressd-bench-")))
        peers = start_all(folder, stack, _chosen_peers(options.peers, plan))
        if any(case.tls and case.close for case in plan.cases):
            warn_of_resumption(peers)
        samples = measure(peers, plan)
    print(render(samples, plan.cases, [peer.name for peer in peers]))
    if options.json:
        Path(options.json).write_text(json.dumps(_report(samples, plan), indent=2) + "\n")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--cases", type=_case_list, default=CASES, help="comma-separated; all")
    parser.add_argument("--peers", default="", help="comma-separated; all that are installed")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each pair (median)")
    parser.add_argument("--seconds", type=int, default=2, help="length of one run")
    parser.add_argument("--json", metavar="FILE", help="also write every sample there")
    return parser.parse_args()


def _case_list(names: str) -> tuple[Case, ...]:
    try:
        return chosen_cases(names)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _chosen_peers(names: str, plan: Plan) -> list[Peer]:
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    chosen = [peer for peer in PEERS if not wanted or peer.name in wanted]
    for peer in chosen:
        if not peer.is_installed:
            print(f"{peer.name}: not measured, {peer.program} is not installed")
    return [peer for peer in chosen if peer.is_installed and _is_needed(peer, plan)]


def _is_needed(peer: Peer, plan: Plan) -> bool:
    """The large table takes its time to start."""
    return peer.name != MANY or any(case.subject == MANY for case in plan.cases)


def _report(samples: Samples, plan: Plan) -> dict[str, object]:
    return {
        "unit": "CPU microseconds per request, user and system, whole process tree",
        "rounds": plan.rounds,
        "seconds": plan.seconds,
        "cores": os.cpu_count(),
        "medians": medians(samples),
        "samples": [
            {"case": case, "peer": peer, "values": [round(value, 2) for value in values]}
            for (case, peer), values in samples.items()
        ],
    }


if __name__ == "__main__":
    raise SystemExit(main())
