"""What becomes of bytes that a client sends after we have stopped reading."""

from __future__ import annotations

from collections.abc import Callable

MOST = 16 * 1024 * 1024
"""Bytes that are swallowed; a client that sends more may lose its answer to a reset."""


class Sink:
    """Swallows bytes instead of a parser, and closes when there are too many.

    Closing with unread bytes would send a reset, which can destroy the answer on its way
    (RFC 9112 section 9.6).
    """

    def __init__(self, close: Callable[[], None]) -> None:
        self._close = close
        self._left = MOST

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Swallow."""
        self._left -= len(data)
        if self._left < 0:
            self._close()
        return False, b""

    def feed_eof(self) -> None:
        """Nothing waits for more."""

    def say_goodbye(self) -> None:
        """Nothing is left to say."""
