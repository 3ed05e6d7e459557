"""Starts the proxies and measures them in turns."""

from __future__ import annotations

import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from bench.cpu import split_cores
from bench.programs import Running, subfolder
from bench.proxies.nginx import start_backend
from bench.proxies.peer import Peer, start_peer, write_certificate
from bench.ratios.cases import CASES, Case
from bench.ratios.readiness import is_ready, resumes_sessions
from bench.ratios.wrk import LoadError, Run, measured_run, run_wrk

WARM_UP_SECONDS = 1

Samples: TypeAlias = dict[tuple[str, str], list[Run]]
"""By (case, peer), one run for each round."""


class Plan(Struct, frozen=True):
    """What is measured: each case ``rounds`` times for so many seconds."""

    cases: tuple[Case, ...]
    rounds: int
    seconds: int

    def cases_of(self, peer: str) -> list[Case]:
        """Those in which a peer takes part."""
        return [case for case in self.cases if case.concerns(peer)]


def start_all(folder: Path, stack: ExitStack, chosen: Sequence[Peer], plan: Plan) -> list[Running]:
    """Start the backend and the proxies, each stopped by ``stack``; those that answer."""
    proxy_core, other_core = split_cores()
    if proxy_core == other_core:
        print("one core only: the proxies share it with the load, figures will be high")
    write_certificate(folder)
    backend = start_backend(folder, other_core)
    stack.callback(backend.stop)
    if not is_ready(backend, CASES[:1]):
        return []
    running = []
    for peer in chosen:
        try:
            proxy = start_peer(peer, subfolder(folder, peer.name), backend.ports.http, proxy_core)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{peer.name}: not measured, {error}")
            continue
        stack.callback(proxy.stop)
        if is_ready(proxy, plan.cases_of(peer.name)):
            running.append(proxy)
    return running


def measure(peers: Sequence[Running], plan: Plan) -> Samples:
    """All cases and peers; what fails is said and has no sample. Ctrl-C ends it early."""
    _, load_core = split_cores()
    samples: Samples = {}
    try:
        _warm_up(peers, plan, load_core)
        for case, peer in _turns(peers, plan):
            try:
                run = measured_run(peer, case, plan.seconds, load_core)
            except LoadError as error:
                print(f"{peer.name}, {case.title}: {error}")
                continue
            samples.setdefault((case.name, peer.name), []).append(run)
            peer.forget_output()
            if sys.stderr.isatty():
                print(f"{case.name} {peer.name} {run.microseconds:.1f}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted: the medians are those of fewer rounds")
    return samples


def warn_of_resumption(peers: Sequence[Running]) -> None:
    """Name those whose handshakes are not full ones, because wrk resumes where it can."""
    for peer in peers:
        if resumes_sessions(peer.ports):
            print(f"{peer.name} resumes TLS sessions: its handshakes are not full ones")


def _warm_up(peers: Sequence[Running], plan: Plan, core: int) -> None:
    """What fails here fails again where it is reported."""
    for peer in peers:
        for case in plan.cases_of(peer.name):
            with suppress(LoadError):
                run_wrk(peer, case, WARM_UP_SECONDS, (core,))


def _turns(peers: Sequence[Running], plan: Plan) -> Iterator[tuple[Case, Running]]:
    """Peers take turns within a round, so that a noisy minute hits them all, and each round begins
    with another one, so that none has always the same before it."""
    order = deque(peers)
    for _ in range(plan.rounds):
        for case in plan.cases:
            for peer in order:
                if case.concerns(peer.name):
                    yield case, peer
        order.rotate(-1)
