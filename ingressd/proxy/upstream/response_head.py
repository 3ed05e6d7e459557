"""What a pod's response head means: how its body is framed and what of it travels on."""

from __future__ import annotations

import re
from http import HTTPStatus
from math import inf

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
    content length or -1. ``may_idle`` is for how many seconds the connection is good afterwards, as
    far as the head says so. ``buffering`` is what X-Accel-Buffering says, b"" for nothing.
    ``edited`` is what the edits ``edited_by`` have made of the lines: pods repeat themselves, and
    so need not we.
    """

    status: int
    reason: bytes
    lines: list[bytes]
    framing: int
    length: int
    trailer: bytes
    may_idle: float = inf
    buffering: bytes = b""
    edited_by: object = None
    edited: list[bytes] = []


OK, NO_CONTENT, NOT_MODIFIED = 200, 204, 304

REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}
STATUS_LINES = {
    status: b"HTTP/1.1 %d %b\r\n" % (status, REASONS.get(status, b"")) for status in range(100, 600)
}
"""Every status that there can be: of some that we answer a policy decides."""


_REASON = re.compile(rb"[\t \x21-\x7e\x80-\xff]*")
_TIMEOUT = re.compile(rb"timeout=([0-9]{1,9})", re.IGNORECASE)

_NO_BODY = (None, b"0")
_LENGTH_DIGITS = 18
"""A Content-Length of that many always fits into 63 bits."""

RACE_SECONDS = 1.0
"""How long before a pod would close an idle connection we close it: a request takes some time."""


def status_line(status: int, reason: bytes) -> bytes:
    """The status line."""
    if REASONS.get(status) == reason:
        return STATUS_LINES[status]
    return b"HTTP/1.1 %d %b\r\n" % (status, reason)


def connection_line(keep_alive: bool, http10: bool) -> bytes:
    """The Connection field, where one is needed, and the empty line that ends a head."""
    if not keep_alive:
        return b"Connection: close\r\n\r\n"
    return b"Connection: keep-alive\r\n\r\n" if http10 else b"\r\n"


def check_reason(status: int, reason: bytes) -> None:
    """Raises MalformedResponse for a reason phrase with controls (RFC 9112 section 4)."""
    if REASONS.get(status) != reason and not _REASON.fullmatch(reason):
        raise MalformedResponse("controls in the reason phrase")


def read_head(status: int, reason: bytes, raw: RawHeaders, is_head: bool) -> ResponseHead:
    """Sort a pod's header fields and find the framing of the body that follows.

    Raises MalformedResponse where the framing is ambiguous or a coding is not ours to undo, and
    where the reason phrase has controls.
    """
    check_reason(status, reason)
    lines: list[bytes] = []
    managed: dict[bytes, bytes] = {}
    for name, value in raw:
        lowered = name.lower()
        if lowered in RESPONSE_MANAGED:
            known = managed.get(lowered)
            managed[lowered] = value if known is None else known + b", " + value
        else:
            lines.append(b"%b: %b\r\n" % (name, value))
    connection = managed.get(b"connection")
    if connection is not None and connection.lower() not in PLAIN_TOKENS:
        lines = without(lines, connection_tokens(connection) - {b"set-cookie", b"date"})
    length, coding = managed.get(b"content-length"), managed.get(b"transfer-encoding")
    framing, size = _framing(status, is_head, length, coding)
    may_idle = _may_idle(managed.get(b"keep-alive", b""))
    if status == NO_CONTENT and (coding is not None or length not in _NO_BODY):
        may_idle = 0  # bytes may follow that are no part of the answer
    trailer, buffering = managed.get(b"trailer", b""), managed.get(b"x-accel-buffering", b"")
    return ResponseHead(status, reason, lines, framing, size, trailer, may_idle, buffering)


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


def _may_idle(keep_alive: bytes) -> float:
    """What a ``Keep-Alive`` field means for us: its timeout, if it has one, and a margin."""
    for parameter in keep_alive.split(b","):
        timeout = _TIMEOUT.fullmatch(parameter.strip(b" \t"))
        if timeout is not None:
            return int(timeout[1]) - RACE_SECONDS
    return inf


def _content_length(value: bytes) -> int:
    if not value.isdigit() or len(value) > _LENGTH_DIGITS:
        raise MalformedResponse("Content-Length is not a number")
    return int(value)
