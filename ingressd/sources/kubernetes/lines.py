"""Lines out of a stream that may be cut anywhere."""

from __future__ import annotations

from ingressd.sources.kubernetes.errors import StreamGarbled

MAX_LINE_BYTES = 16 * 1024 * 1024  # etcd refuses objects over 1.5 MiB; JSON may double that


class LineSplitter:
    """Owner of the beginning of a line whose end has not come yet."""

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._held = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines, without their ends, that the chunk completes. Raises StreamGarbled.

        Blank ones are left out. A line that comes in many chunks is put together once.
        """
        *ended, rest = chunk.split(b"\n")
        lines = []
        for piece in ended:
            self._hold(piece)
            lines.append(b"".join(self._parts))
            self._parts, self._held = [], 0
        self._hold(rest)
        return [line for line in lines if line.strip()]

    def _hold(self, piece: bytes) -> None:
        self._held += len(piece)
        if self._held > self._limit:
            raise StreamGarbled(f"a line of more than {self._limit} bytes")
        if piece:
            self._parts.append(piece)
