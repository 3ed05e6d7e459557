"""Starts the proxies and measures them in turns."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from bench.cpu import split_cores
from bench.programs import Running, subfolder
from bench.proxies.nginx import start_backend
from bench.proxies.peer import Peer, start_peer, write_certificate
from bench.ratios.cases import CASES, Case
from bench.ratios.readiness import is_ready, resumes_sessions
from bench.ratios.wrk import LoadError, microseconds_per_request, run_wrk

WARM_UP_SECONDS = 1

Samples: TypeAlias = dict[tuple[str, str], list[float]]
"""Microseconds per request by (case, peer), one number for each round."""


class Plan(Struct, frozen=True):
    """What is measured: each case ``rounds`` times for so many seconds."""

    cases: tuple[Case, ...]
    rounds: int
    seconds: int


def start_all(folder: Path, stack: ExitStack, chosen: Sequence[Peer]) -> list[Running]:
    """Start the backend and the proxies, each stopped by ``stack``; those that answer."""
    proxy_core, other_core = split_cores()
    if proxy_core == other_core:
        print("one core only: the proxies share it with the load, figures will be high")
    write_certificate(folder)
    backend = start_backend(folder, other_core)
    stack.callback(backend.stop)
    running = []
    for peer in chosen:
        proxy = start_peer(peer, subfolder(folder, peer.name), backend.ports.http, proxy_core)
        stack.callback(proxy.stop)
        if is_ready(proxy):
            running.append(proxy)
    return running


def measure(peers: Sequence[Running], plan: Plan) -> Samples:
    """All cases and peers; what fails is said and has no sample."""
    _, load_core = split_cores()
    samples: Samples = {}
    for peer in peers:
        run_wrk(peer, CASES[0], WARM_UP_SECONDS, (load_core,))
    for case, peer in _turns(peers, plan):
        try:
            value = microseconds_per_request(peer, case, plan.seconds, load_core)
        except LoadError as error:
            print(f"{peer.name}, {case.title}: {error}")
            continue
        samples.setdefault((case.name, peer.name), []).append(value)
        if sys.stderr.isatty():
            print(f"{case.name} {peer.name} {value:.1f}", file=sys.stderr)
    return samples


def warn_of_resumption(peers: Sequence[Running]) -> None:
    """Name those whose handshakes are not full ones, because wrk resumes where it can."""
    for peer in peers:
        if resumes_sessions(peer.ports):
            print(f"{peer.name} resumes TLS sessions: its handshakes are not full ones")


def _turns(peers: Sequence[Running], plan: Plan) -> Iterator[tuple[Case, Running]]:
    """Peers take turns within a round, so that a noisy minute hits them all."""
    for _ in range(plan.rounds):
        for case in plan.cases:
            for peer in peers:
                if case.concerns(peer.name):
                    yield case, peer
