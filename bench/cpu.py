"""CPU time of a process and everything it started, from /proc; and which core runs what."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

# Positions in /proc/PID/stat, counted behind the command's closing parenthesis (proc(5)).
PARENT = 1
USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM = 11, 12, 13, 14


def cpu_seconds(root: int) -> float:
    """User and system time of ``root``, its living descendants and those they have waited for.

    Raises ProcessLookupError when ``root`` has gone.
    """
    table = dict(_process_table())
    if root not in table:
        raise ProcessLookupError(f"no process {root}")
    return sum(_seconds(table[pid]) for pid in _tree(root, table))


def own_cpu_seconds(pid: int) -> float:
    """User and system time of one process, and of those it has waited for."""
    return _seconds(_fields(Path(f"/proc/{pid}/stat").read_text()))


def descendants(root: int) -> list[int]:
    """Living processes below ``root``, without itself."""
    return [pid for pid in _tree(root, dict(_process_table())) if pid != root]


def available_cores() -> tuple[int, ...]:
    """Those that this process may run on."""
    return tuple(sorted(os.sched_getaffinity(0)))


def split_cores() -> tuple[int, int]:
    """The core for the proxies and the core for everything else; the same where there is one."""
    cores = available_cores()
    return cores[-1], cores[0]


def pinned(cores: Iterable[int], command: Iterable[str]) -> list[str]:
    """``command`` bound to cores; what it starts inherits that."""
    return ["taskset", "--cpu-list", ",".join(map(str, cores)), *command]


def _seconds(fields: list[str]) -> float:
    positions = (USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM)
    return sum(int(fields[at]) for at in positions) / TICKS_PER_SECOND


def _fields(stat: str) -> list[str]:
    return stat.rpartition(")")[2].split()


def _process_table() -> Iterator[tuple[int, list[str]]]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            stat = (entry / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended between the listing and the reading
        yield int(entry.name), _fields(stat)


def _tree(root: int, table: dict[int, list[str]]) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for pid, fields in table.items():
        children.setdefault(int(fields[PARENT]), []).append(pid)
    waiting = [root] if root in table else []
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting.extend(children.get(pid, ()))
