"""Runs wrk against one proxy and reads how many requests it finished."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from msgspec import Struct

from bench.cpu import cpu_seconds, pinned
from bench.programs import Running
from bench.ratios.cases import KEEP_ALIVE_CONNECTIONS, Case

PATIENCE = 30
"""Seconds that wrk may take longer than it was told to."""

MOST_CUT = 0.01
CUT_ONLY = re.compile(r"Socket errors: connect 0, read (\d+), write 0, timeout 0")
FAILURES = re.compile(r"^ *(Non-2xx or 3xx responses: .*|Socket errors: .*)$", re.MULTILINE)

# The same for every proxy, whatever it would choose among more; Go's ciphers cannot be set.
TLS_SETTINGS = """\
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = offered
[offered]
MinProtocol = TLSv1.3
Ciphersuites = TLS_AES_256_GCM_SHA384
Groups = X25519
"""


class LoadError(Exception):
    """A run that measured nothing usable: errors from wrk, or answers other than 2xx and 3xx."""


class Run(Struct, frozen=True):
    """How many requests were finished in how many seconds, and what that took the proxy's whole
    process tree of user and system time."""

    requests: int
    seconds: float
    cpu_seconds: float

    @property
    def microseconds(self) -> float:
        """CPU time per request."""
        return self.cpu_seconds / self.requests * 1e6


def measured_run(peer: Running, case: Case, seconds: int, core: int) -> Run:
    """One run of ``case``, and what it cost the peer. Raises LoadError."""
    try:
        before, begun = cpu_seconds(peer.pid), time.perf_counter()
        requests = run_wrk(peer, case, seconds, (core,))
        return Run(requests, time.perf_counter() - begun, cpu_seconds(peer.pid) - before)
    except ProcessLookupError:
        _fail(f"{peer.name} has ended:\n{peer.last_words}")


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
    try:
        done = subprocess.run(
            command,
            env=_environment(peer.folder),
            capture_output=True,
            text=True,
            timeout=seconds + PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        _fail("wrk does not end")
    if done.returncode:
        _fail(done.stderr.strip() or f"wrk ended with {done.returncode}")
    return parse_wrk(done.stdout, may_be_cut=case.close)


def parse_wrk(report: str, *, may_be_cut: bool) -> int:
    """The number of requests in wrk's report. Raises LoadError when some of them failed.

    ``may_be_cut`` forgives read errors on one request in a hundred: where every answer ends its
    connection, wrk counts those that end a moment too late.
    """
    match = re.search(r"(\d+) requests in ", report)
    finished = int(match[1]) if match else 0
    for line in FAILURES.findall(report):
        cut = CUT_ONLY.fullmatch(line)
        if not (may_be_cut and cut and int(cut[1]) <= finished * MOST_CUT):
            _fail(line)
    return finished or _fail("wrk finished no request")


def _request(peer: Running, case: Case) -> list[str]:
    arguments = []
    for name, value in case.headers.items():
        arguments += ["-H", f"{name}: {value}"]
    if case.script:
        arguments += ["-s", str(_written(peer.folder / f"{case.name}.lua", case.script))]
    port = peer.ports.https if case.tls else peer.ports.http
    return [*arguments, f"{case.scheme}://127.0.0.1:{port}{case.path}"]


def _environment(folder: Path) -> Mapping[str, str]:
    return {**os.environ, "OPENSSL_CONF": str(_written(folder / "wrk.cnf", TLS_SETTINGS))}


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def _fail(reason: str) -> NoReturn:
    raise LoadError(reason)
