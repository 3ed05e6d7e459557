"""The head that a pod sent last on a connection: the same bytes again mean the same again.

A pod that is asked often repeats itself, byte for byte, until its Date moves on. Such a head need
not be parsed a second time.
"""

from __future__ import annotations

from ingressd.proxy.upstream.response_head import Framing, ResponseHead

NO_HEAD = ResponseHead(0, b"", [], Framing.NONE, -1, b"")
VIEW_FROM = 4 * 1024
"""Size from which on it costs less to look at a part of some bytes than to copy it."""

END = b"\r\n\r\n"


class RecentHead:
    """The last head that came in one piece, followed by a body of known length.

    The connection could be used again after it.
    """

    __slots__ = ("_bytes", "head")

    def __init__(self) -> None:
        self._bytes = b""
        self.head = NO_HEAD

    def rest_of(self, data: bytes) -> bytes | memoryview | None:
        """What follows this head if ``data`` begins with it, else None."""
        known = self._bytes
        if not known or not data.startswith(known):
            return None
        return data[len(known) :] if len(data) < VIEW_FROM else memoryview(data)[len(known) :]

    def learn(self, data: bytes, head: ResponseHead, missing: int) -> None:
        """Remember the head that ``data`` begins with; ``missing`` bytes of its body are to come.

        Not where an interim answer precedes it, which shows by an empty line too many.
        """
        size = len(data) - (head.length - missing)
        if data.find(END) == size - len(END):
            self._bytes = data[:size]
            self.head = head
