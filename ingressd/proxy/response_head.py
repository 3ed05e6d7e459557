"""What a pod's response head means: how its body is framed and what of it travels on."""

from __future__ import annotations

import re
from http import HTTPStatus

from msgspec import Struct

from ingressd.proxy.headers import (
    PLAIN_TOKENS,
    RESPONSE_MANAGED,
    RawHeaders,
    connection_tokens,
    without,
)


class Framing:
    """How the end of a body is known (RFC 9112 section 6.3).

    Plain numbers: comparing with a member of an enum costs ten times as much.
    """

    NONE = 0
    LENGTH = 1
    CHUNKED = 2
    UNTIL_CLOSE = 3


class MalformedResponse(Exception):
    """A pod's answer that must not be relayed; the message says why, for the log."""


class ResponseHead(Struct, gc=False):
    """A response head, ready to be written.

    ``lines`` are the field lines that travel, ``framing`` one of Framing's numbers, ``length`` the
    content length or -1.
    """

    status: int
    reason: bytes
    lines: list[bytes]
    framing: int
    length: int
    trailer: bytes


OK, NO_CONTENT, NOT_MODIFIED = 200, 204, 304

STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}


_REASON = re.compile(rb"[\t \x21-\x7e\x80-\xff]*")


def status_line(status: int, reason: bytes) -> bytes:
    """The status line; ``reason`` travels where it is not the usual one and has no controls."""
    if REASONS.get(status) == reason:
        return STATUS_LINES[status]
    return b"HTTP/1.1 %d %b\r\n" % (status, reason if _REASON.fullmatch(reason) else b"")


def connection_line(keep_alive: bool, http10: bool) -> bytes:
    """The Connection field, where one is needed, and the empty line that ends a head."""
    if not keep_alive:
        return b"Connection: close\r\n\r\n"
    return b"Connection: keep-alive\r\n\r\n" if http10 else b"\r\n"


def read_head(status: int, reason: bytes, raw: RawHeaders, is_head: bool) -> ResponseHead:
    """Sort a pod's header fields and find the framing of the body that follows.

    Raises MalformedResponse where the framing is ambiguous or a coding is not ours to undo.
    """
    lines: list[bytes] = []
    length = coding = connection = None
    trailer = b""
    for name, value in raw:
        lowered = name.lower()
        if lowered not in RESPONSE_MANAGED:
            lines.append(b"%b: %b\r\n" % (name, value))
        elif lowered == b"content-length":
            if length is not None:
                raise MalformedResponse("repeated Content-Length")
            length = value
        elif lowered == b"transfer-encoding":
            coding = value if coding is None else coding + b", " + value
        elif lowered == b"connection":
            connection = value if connection is None else connection + b", " + value
        elif lowered == b"trailer":
            trailer = value
    if connection is not None and connection.lower() not in PLAIN_TOKENS:
        lines = without(lines, connection_tokens(connection) - {b"set-cookie", b"date"})
    framing, size = _framing(status, is_head, length, coding)
    return ResponseHead(status, reason, lines, framing, size, trailer)


def _framing(
    status: int, is_head: bool, length: bytes | None, coding: bytes | None
) -> tuple[int, int]:
    """Framing and content length (-1 where there is none to announce)."""
    if status == NO_CONTENT or status < OK:
        return Framing.NONE, -1
    if coding is not None and (length is not None or coding.lower() != b"chunked"):
        raise MalformedResponse("Transfer-Encoding is not exactly 'chunked'")
    size = -1 if length is None else _content_length(length)
    if is_head or status == NOT_MODIFIED:
        return Framing.NONE, size
    if coding is not None:
        return Framing.CHUNKED, -1
    if size >= 0:
        return Framing.LENGTH, size
    return Framing.UNTIL_CLOSE, -1


def _content_length(value: bytes) -> int:
    if not value.isdigit() or len(value) > 19:
        raise MalformedResponse("Content-Length is not a number")
    return int(value)
