"""WebSocket frames (RFC 6455 section 5.2), as far as it takes to add one of our own."""

from __future__ import annotations

GOING_AWAY = b"\x88\x02\x03\xe9"
"""A whole Close frame of a server: 2 bytes, the code 1001 (sections 5.5.1 and 7.4.1)."""

_LONGEST_HEAD = 10
_CLOSE = 0x8
_OPCODES = frozenset({0x0, 0x1, 0x2, _CLOSE, 0x9, 0xA})
_EXTENDED = {126: 2, 127: 8}
_MASKING_KEY = 4


class Frames:
    """Follows what a server sends, without looking into it, to know where a frame ends."""

    __slots__ = ("_head", "_is_over", "_left")

    def __init__(self) -> None:
        self._head = b""
        self._left = 0
        self._is_over = False

    @property
    def may_add(self) -> bool:
        """Whether a frame may come next: not within another one, nor after a Close frame. Never
        where something was no frame of a server.
        """
        return not (self._is_over or self._left or self._head)

    def feed(self, data: bytes) -> None:
        """More bytes from the server."""
        if self._head:
            data = self._head + data
            self._head = b""
        at = self._left
        while at < len(data) and not self._is_over:
            size = self._frame_size(data[at : at + _LONGEST_HEAD])
            if not size:
                self._head = data[at:]
                break
            at += size
        self._left = max(0, at - len(data))

    def _frame_size(self, head: bytes) -> int:
        """Of the frame that begins here; 0 as long as too little of it is known."""
        if len(head) < 2:
            return 0
        opcode, length = head[0] & 0x0F, head[1] & 0x7F
        if opcode == _CLOSE or opcode not in _OPCODES:
            self._is_over = True
            return 0
        # No server may mask, but some echo what they got; the frames end where they end.
        key = _MASKING_KEY if head[1] & 0x80 else 0
        extended = _EXTENDED.get(length, 0)
        if len(head) < 2 + extended:
            return 0
        if extended:
            length = int.from_bytes(head[2 : 2 + extended])
        return 2 + extended + key + length
