"""A network namespace for the benchmark alone, and enough open files for its connections."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Sequence

from bench.programs import missing_programs

PODS = ("10.244.0.2", "10.244.0.3", "10.244.0.4")
"""Addresses that exist within."""

INSIDE = "INGRESSD_BENCH_NAMESPACE"
OPEN_FILES = 65_536


def enter(arguments: Sequence[str]) -> None:
    """Go on within a namespace: the process is replaced, once, by the same in there.

    Raises OSError or CalledProcessError where this user may not make one.
    """
    if INSIDE not in os.environ:
        _raise_limit()
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        unshare = ["unshare", *user, "--net"]
        subprocess.run([*unshare, "true"], check=True)
        command = [*unshare, sys.executable, "-m", "bench.scale", *arguments]
        os.execvpe(command[0], command, {**os.environ, INSIDE: "1"})
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in PODS:
        subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)


def needed_programs() -> list[str]:
    """Those that are missing."""
    return missing_programs("unshare", "ip", "taskset", "wrk", "nginx")


def _raise_limit() -> None:
    """As high as is useful where root asks, else as high as is allowed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(hard, OPEN_FILES) if os.geteuid() == 0 else hard
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
