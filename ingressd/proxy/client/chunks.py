"""What a chunked body may cost beside its bytes: aiohttp's parser bounds none of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aiohttp import StreamReader

END = b"\r\n\r\n"
"""What a head ends with, and a chunked body with or without trailers (RFC 9112 section 7.1)."""

OVERHEAD = 16 * 1024
SHARE = 16
"""Bytes of sizes, extensions and trailers that are taken: OVERHEAD, and SHARE for each byte."""

MOST_SECTIONS = 128
"""Four times what aiohttp takes ahead of an answer; and a body may hold as many END as it likes."""

_HUGE = re.compile(rb"[0-9A-Fa-f]{16}")


def is_whole(data: bytes) -> bool:
    """Whether a chunked body that has ended within these bytes has ended with the last of them.

    That an empty line more follows is told by the byte before ``END``, where there is one.
    """
    if not data.endswith(END):
        return END.endswith(data)
    return data[:-4][-1:] not in (b"\r", b"\n")


def sections(received: bytes) -> Iterator[bytes]:
    """Cut behind END, so that no head is with what follows it: MOST_SECTIONS, and a rest."""
    start = 0
    for _ in range(MOST_SECTIONS):
        end = received.find(END, start) + len(END)
        if end < len(END):
            break
        yield received[start:end]
        start = end
    if start < len(received):
        yield received[start:]


class ChunkedBody:
    """Watches the raw bytes of a body that ``reader`` gets decoded.

    ``begins`` says that the first bytes watched will be those of the first chunk's size.
    """

    __slots__ = ("_first", "_received", "reader")

    def __init__(self, reader: StreamReader, *, begins: bool) -> None:
        self.reader = reader
        self._received = 0
        self._first: bytes | None = b"" if begins else None

    def exceeds(self, data: bytes) -> bool:
        """Whether the body costs too much, now that these bytes have come as well."""
        self._received += len(data)
        if self._first is not None:
            self._first = (self._first + data[:OVERHEAD]).lstrip(b"0")[:16]
            if _HUGE.fullmatch(self._first):
                return True  # a size that nobody sends, and some add to others with an overflow
            if data and not data.isalnum():
                self._first = None
        return self._received > OVERHEAD + SHARE * self.reader.total_bytes
