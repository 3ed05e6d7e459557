"""What a process holds open, and which sockets lead to a port, as /proc tells."""

from __future__ import annotations

import os
from pathlib import Path

_ESTABLISHED, _CLOSE_WAIT = "01", "08"


def open_descriptors(pid: int) -> int:
    """How many descriptors a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def connections_to(port: int) -> int:
    """Connections of this machine to a port (IPv4) that the connecting side has not closed."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(
        state in (_ESTABLISHED, _CLOSE_WAIT) and remote.endswith(f":{port:04X}")
        for _, _, remote, state, *_ in rows
    )


def holds(pid: int, client: int, server: int) -> bool:
    """Whether a process has the accepting end of the connection between two ports (IPv4)."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ends = (f":{server:04X}", f":{client:04X}")
    inodes = {row[9] for row in rows if row[1].endswith(ends[0]) and row[2].endswith(ends[1])}
    found = (os.readlink(f"/proc/{pid}/fd/{each}") for each in os.listdir(f"/proc/{pid}/fd"))
    return any(link == f"socket:[{inode}]" for link in found for inode in inodes)
