"""Memory of one process, from /proc."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

KIB = 1024
MIB = 1024 * KIB


class Memory(Struct, frozen=True):
    """Bytes of one process: ``rss`` counts shared pages in full, ``pss`` its share of them."""

    rss: int
    pss: int

    def __str__(self) -> str:
        return f"{self.rss / MIB:.0f} RSS, {self.pss / MIB:.0f} PSS"


def memory_of(pid: int) -> Memory:
    """What the process holds now."""
    return parse_rollup(Path(f"/proc/{pid}/smaps_rollup").read_text())


def parse_rollup(text: str) -> Memory:
    """From the text of /proc/PID/smaps_rollup (proc(5))."""
    sizes = {}
    for line in text.splitlines()[1:]:
        name, value, _ = line.split(maxsplit=2)
        sizes[name] = int(value) * KIB
    return Memory(rss=sizes["Rss:"], pss=sizes["Pss:"])
