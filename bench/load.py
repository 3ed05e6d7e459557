"""Runs wrk against one proxy and reads how many requests it finished."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NoReturn

from bench.cases import KEEP_ALIVE_CONNECTIONS, Case
from bench.cpu import cpu_seconds, pinned
from bench.peers import Running

CUT_ONLY = r"Socket errors: connect 0, read \d+, write 0, timeout 0"


class LoadError(Exception):
    """A run that measured nothing usable: errors from wrk, or answers other than 2xx and 3xx."""


def microseconds_per_request(peer: Running, case: Case, seconds: int, core: int) -> float:
    """CPU time per request of the peer's whole process tree over one run of ``case``."""
    before = cpu_seconds(peer.pid)
    finished = run_wrk(peer, case, seconds, core)
    return (cpu_seconds(peer.pid) - before) / finished * 1e6


def run_wrk(peer: Running, case: Case, seconds: int, core: int) -> int:
    """Number of requests that wrk finished within ``seconds``. Raises LoadError."""
    command = pinned(core, _wrk_command(peer, case, seconds))
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
    failures = re.findall(
        r"^ *(Non-2xx or 3xx responses: .*|Socket errors: .*)$", report, re.MULTILINE
    )
    for line in failures:
        if not (may_be_cut and re.fullmatch(CUT_ONLY, line)):
            _fail(line)
    match = re.search(r"(\d+) requests in ", report)
    return int(match[1]) if match and int(match[1]) else _fail("wrk finished no request")


def _wrk_command(peer: Running, case: Case, seconds: int) -> list[str]:
    command = ["wrk", "-t1", f"-c{KEEP_ALIVE_CONNECTIONS}", f"-d{seconds}s"]
    for name, value in case.headers.items():
        command += ["-H", f"{name}: {value}"]
    if case.script:
        command += ["-s", str(_script_file(peer.folder, case))]
    return [*command, peer.url(case)]


def _script_file(folder: Path, case: Case) -> Path:
    path = folder / f"{case.name}.lua"
    path.write_text(case.script)
    return path


def _fail(reason: str) -> NoReturn:
    raise LoadError(reason)
