"""Memory of one process, from /proc."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

KIB = 1024
MIB = 1024 * KIB
SIZE = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)


class Memory(Struct, frozen=True):
    """Bytes of one process: ``rss`` counts shared pages in full, ``pss`` its share of them, and
    ``peak`` is the highest RSS that it has had since it began."""

    rss: int
    pss: int
    peak: int

    def __str__(self) -> str:
        return f"{self.rss / MIB:.0f} RSS, {self.pss / MIB:.0f} PSS, {self.peak / MIB:.0f} peak"


def memory_of(pid: int) -> Memory:
    """What the process holds now."""
    files = [Path(f"/proc/{pid}/{name}") for name in ("smaps_rollup", "status")]
    return parse_memory("".join(file.read_text() for file in files))


def parse_memory(text: str) -> Memory:
    """From the texts of /proc/PID/smaps_rollup and /proc/PID/status (proc(5))."""
    sizes = {name: int(value) * KIB for name, value in SIZE.findall(text)}
    return Memory(rss=sizes["Rss"], pss=sizes["Pss"], peak=sizes["VmHWM"])
