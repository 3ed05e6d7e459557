"""How much memory each worker may take where all of us may take only so much.

A container's limit is that of its control group (cgroups(7)). Who exceeds it is killed without a
word, or made to wait (``memory.high``), so workers have to know it beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")

CONTROLLER_PART = 1 / 4
LEAST_FOR_CONTROLLER = 96 * 1024 * 1024
"""Bytes. The controller takes less with few objects, and 175 MiB with 10,000 Ingresses."""

_NO_LIMIT = 1 << 60
"""Bytes; version 1 says so with a number of about this size, version 2 with a word."""


def memory_share(allowed: int, workers: int) -> int:
    """What each of so many workers may take of the bytes that all of us may: at least 1, for 0 is
    no limit."""
    controller = max(int(allowed * CONTROLLER_PART), LEAST_FOR_CONTROLLER)
    return max(1, (allowed - controller) // workers)


def allowed_memory(cgroups: Path = CGROUPS, membership: Path = MEMBERSHIP) -> int:
    """Bytes that this process and its children may take together, 0 where nothing bounds them:
    ``memory.max`` and ``memory.high`` (version 2) or ``memory.limit_in_bytes`` (version 1) of our
    control group and of those around it, as far as they are to be seen."""
    found = (_read(file) for file in _limit_files(cgroups, membership))
    return min((limit for limit in found if 0 < limit < _NO_LIMIT), default=0)


def _limit_files(cgroups: Path, membership: Path) -> Iterator[Path]:
    for line in _text(membership).splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            for folder in _groups(cgroups, path):
                yield folder / "memory.max"
                yield folder / "memory.high"
        elif "memory" in controllers.split(","):
            for folder in _groups(cgroups / "memory", path):
                yield folder / "memory.limit_in_bytes"


def _groups(mounted: Path, path: str) -> Iterator[Path]:
    """The folder of a group and of those around it. In a container the innermost that is to be seen
    is the container's own, whatever the path says."""
    group = PurePosixPath(path.lstrip("/"))
    inner = () if ".." in group.parts else (group, *group.parents)
    yield from (mounted / each for each in inner)
    yield mounted


def _read(file: Path) -> int:
    """A limit in bytes, 0 for none: "max", or no such file."""
    text = _text(file).strip()
    return int(text) if text.isascii() and text.isdigit() else 0


def _text(file: Path) -> str:
    """What cannot be read bounds nobody, as far as anybody can tell."""
    try:
        return file.read_text()
    except OSError:
        return ""
