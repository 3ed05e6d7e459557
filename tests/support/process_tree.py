"""Which processes there are, as /proc tells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def children(parent: int) -> set[int]:
    """Pids of the child processes that run (a zombie does not)."""
    return {pid for pid in _pids() if _status(pid) == (True, parent)}


def is_running(pid: int) -> bool:
    """Whether there is such a process, and it is no zombie."""
    return _status(pid)[0]


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _status(pid: int) -> tuple[bool, int]:
    """Whether a process runs, and its parent."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):  # it went while we looked
        return False, 0
    return state != "Z", int(parent)
