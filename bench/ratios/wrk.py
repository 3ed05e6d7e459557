"""Runs wrk against one proxy and reads how many requests it finished."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from bench.cpu import cpu_seconds, pinned
from bench.programs import Running
from bench.ratios.cases import KEEP_ALIVE_CONNECTIONS, Case

CUT_ONLY = r"Socket errors: connect 0, read \d+, write 0, timeout 0"
FAILURES = re.compile(r"^ *(Non-2xx or 3xx responses: .*|Socket errors: .*)$", re.MULTILINE)


class LoadError(Exception):
    """A run that measured nothing usable: errors from wrk, or answers other than 2xx and 3xx."""


def microseconds_per_request(peer: Running, case: Case, seconds: int, core: int) -> float:
    """CPU time per request of the peer's whole process tree over one run of ``case``."""
    before = cpu_seconds(peer.pid)
    finished = run_wrk(peer, case, seconds, (core,))
    return (cpu_seconds(peer.pid) - before) / finished * 1e6


def run_wrk(
    peer: Running,
    case: Case,
    seconds: int,
    cores: Sequence[int],
    connections: int = KEEP_ALIVE_CONNECTIONS,
) -> int:
    """Number of requests that wrk, one thread a core, finished in ``seconds``. Raises LoadError."""
    command = ["wrk", f"-t{len(cores)}", f"-c{connections}", f"-d{seconds}s"]
    command = pinned(cores, [*command, *_request(peer, case)])
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds + 30, check=False
    )
    if done.returncode:
        _fail(done.stderr)
    return parse_wrk(done.stdout, may_be_cut=case.close)


def parse_wrk(report: str, *, may_be_cut: bool) -> int:
    """The number of requests in wrk's report. Raises LoadError when some of them failed.

    ``may_be_cut`` forgives read errors: where every answer ends its connection, wrk counts those
    that end a moment too late.
    """
    for line in FAILURES.findall(report):
        if not (may_be_cut and re.fullmatch(CUT_ONLY, line)):
            _fail(line)
    match = re.search(r"(\d+) requests in ", report)
    return int(match[1]) if match and int(match[1]) else _fail("wrk finished no request")


def _request(peer: Running, case: Case) -> list[str]:
    arguments = []
    for name, value in case.headers.items():
        arguments += ["-H", f"{name}: {value}"]
    if case.script:
        arguments += ["-s", str(_script_file(peer.folder, case))]
    port = peer.ports.https if case.tls else peer.ports.http
    return [*arguments, f"{case.scheme}://127.0.0.1:{port}{case.path}"]


def _script_file(folder: Path, case: Case) -> Path:
    path = folder / f"{case.name}.lua"
    path.write_text(case.script)
    return path


def _fail(reason: str) -> NoReturn:
    raise LoadError(reason)
