"""The part of an answer that its client has not taken yet: first in memory, then in a file."""

from __future__ import annotations

import logging
from collections import deque

from ingressd.proxy.bodies.temporary_files import TemporaryFile, TemporaryFiles
from ingressd.routing.policy import Buffering

_LOG = logging.getLogger(__name__)


class WaitingAnswer:
    """Bytes that leave in the order in which they came.

    ``is_full``: no more should come. That is so where the file has grown as large as it may or
    cannot be written; what comes all the same is kept in memory.
    """

    def __init__(self, buffering: Buffering, files: TemporaryFiles) -> None:
        self._files = files
        self._memory = buffering.answer_memory
        self._most = buffering.answer_file
        self._first: deque[bytes] = deque()
        self._first_size = 0
        self._file: TemporaryFile | None = None
        self._taken = 0
        self._last: deque[bytes] = deque()
        self.is_full = False

    def __bool__(self) -> bool:
        return bool(self._first or self._in_file or self._last)

    @property
    def _in_file(self) -> int:
        return 0 if self._file is None else self._file.size - self._taken

    def put(self, data: bytes) -> None:
        """Keep bytes behind those that are there."""
        if not (self._in_file or self._last) and self._first_size + len(data) <= self._memory:
            self._first.append(data)
            self._first_size += len(data)
        elif self._last or not self._append(data):
            self._last.append(data)
            self.is_full = True

    def take(self) -> bytes:
        """The next bytes, b"" where there are none. Raises OSError where the file fails."""
        if self._first:
            data = self._first.popleft()
            self._first_size -= len(data)
            return data
        if self._file is not None and self._in_file:
            return self._take_from(self._file)
        data = self._last.popleft() if self._last else b""
        self.is_full = bool(self._last)
        return data

    def close(self) -> None:
        """Let go of everything."""
        self._first.clear()
        self._last.clear()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _append(self, data: bytes) -> bool:
        """Write to the file, if it may grow by that much and can."""
        if (self._file.size if self._file else 0) + len(data) > self._most:
            return False
        if not self._files.is_possible:
            return False
        try:
            if self._file is None:
                self._file = self._files.new()
            self._file.append(data)
        except OSError as error:
            _LOG.error("an answer waits in memory, and its pod with it: %s", error)
            return False
        return True

    def _take_from(self, file: TemporaryFile) -> bytes:
        data = file.read(self._taken)
        if not data:
            raise OSError("a temporary file is shorter than it was")
        self._taken += len(data)
        if self._taken == file.size:
            file.clear()
            self._taken = 0
        return data
