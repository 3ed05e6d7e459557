"""CPU time of a process and everything it started, from /proc; and which core runs what."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

# Positions in /proc/PID/stat, counted behind the command's closing parenthesis (proc(5)).
PARENT = 1
USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM = 11, 12, 13, 14


def cpu_seconds(root: int) -> float:
    """User and system time of ``root``, its living descendants and those they have waited for."""
    table = dict(_process_table())
    ticks = 0
    for pid in _tree(root, table):
        fields = table[pid]
        ticks += sum(int(fields[at]) for at in (USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM))
    return ticks / TICKS_PER_SECOND


def split_cores() -> tuple[int, int]:
    """The core for the proxies and the core for everything else; the same where there is one."""
    cores = sorted(os.sched_getaffinity(0))
    return cores[-1], cores[0]


def pinned(core: int, command: list[str]) -> list[str]:
    """``command`` bound to one core; what it starts inherits that."""
    return ["taskset", "--cpu-list", str(core), *command]


def _process_table() -> Iterator[tuple[int, list[str]]]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            stat = (entry / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended between the listing and the reading
        yield int(entry.name), stat.rpartition(")")[2].split()


def _tree(root: int, table: dict[int, list[str]]) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for pid, fields in table.items():
        children.setdefault(int(fields[PARENT]), []).append(pid)
    waiting = [root] if root in table else []
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting.extend(children.get(pid, ()))
