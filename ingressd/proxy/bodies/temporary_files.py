"""Temporary files without a name: whatever becomes of the worker, nothing of them stays.

They are written and read where it is needed, not in another thread: a piece goes to the page cache
and comes from there in a few microseconds, much less than handing it over costs.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator

PIECE = 64 * 1024
"""Bytes that are read at a time."""

MOST_SPARE = 32
SPARE_SIZE = 1024 * 1024
"""Bytes of a file that are left to it for its next use: new room costs six times as much."""

_LOG = logging.getLogger(__name__)


class TemporaryFile:
    """Bytes on disk. Every method but ``close`` raises OSError where the disk fails or is full.

    ``give_back`` gets the descriptor in the end, and how much has been written.
    """

    def __init__(self, descriptor: int, give_back: Callable[[int, int], None]) -> None:
        self._descriptor = descriptor
        self._give_back = give_back
        self._users = 1
        self.size = 0

    def append(self, data: bytes | memoryview) -> None:
        """Write behind what is there; if that fails, ``size`` is what it was."""
        offset = self.size
        with memoryview(data) as left:
            while len(left):
                written = os.pwrite(self._descriptor, left, offset)
                offset += written
                left = left[written:]
        self.size = offset

    def read(self, offset: int) -> bytes:
        """The next bytes from an offset, b"" at the end."""
        return os.pread(self._descriptor, min(PIECE, self.size - offset), offset)

    def pieces(self) -> Iterator[bytes]:
        """All of it, piece by piece. Raises OSError as well where some of it has gone."""
        offset = 0
        while offset < self.size:
            piece = self.read(offset)
            if not piece:
                raise OSError("a temporary file is shorter than it was")
            offset += len(piece)
            yield piece

    def clear(self) -> None:
        """Give the room back."""
        os.ftruncate(self._descriptor, 0)
        self.size = 0

    def share(self) -> TemporaryFile:
        """The same bytes for somebody else, who closes them as well."""
        self._users += 1
        return self

    def close(self) -> None:
        """Let go of it, which every user does once; it is gone with the last one."""
        self._users -= 1
        if not self._users:
            self._give_back(self._descriptor, self.size)


class TemporaryFiles:
    """Makes the temporary files of a worker, in the folder that TMPDIR names, or in /tmp, and owns
    those that wait for their next use."""

    def __init__(self) -> None:
        self._is_possible: bool | None = None
        self._spare: list[int] = []

    @property
    def is_possible(self) -> bool:
        """Whether there is a folder for them. It is looked for once, and told if there is none."""
        if self._is_possible is None:
            self._is_possible = self._try()
        return self._is_possible

    def new(self) -> TemporaryFile:
        """An empty one. Raises OSError."""
        return TemporaryFile(self._spare.pop() if self._spare else _make(), self._take_back)

    def close(self) -> None:
        """Let go of the spare ones."""
        while self._spare:
            os.close(self._spare.pop())

    def _take_back(self, descriptor: int, size: int) -> None:
        if len(self._spare) >= MOST_SPARE:
            os.close(descriptor)
            return
        if size > SPARE_SIZE:
            os.ftruncate(descriptor, SPARE_SIZE)
        self._spare.append(descriptor)

    def _try(self) -> bool:
        try:
            self.new().close()
        except OSError as error:
            _LOG.warning(
                "no temporary file can be made (%s): bodies that do not fit into memory are passed "
                "on as they come; give the program a folder to write to, /tmp or what TMPDIR names",
                error,
            )
            return False
        return True


def _make() -> int:
    with tempfile.TemporaryFile(buffering=0) as file:
        return os.dup(file.fileno())
