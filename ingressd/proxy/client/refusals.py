"""What a client is told when its request cannot be parsed."""

from __future__ import annotations

from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import BadHttpMessage, LineTooLong

from ingressd.routing.global_policy import Limits

_TOO_MANY = "Too many headers received"  # aiohttp has no class for it


def status_of(error: BaseException, limits: Limits) -> int:
    """The status for what aiohttp's parser raised (RFC 9110 section 15.5, RFC 6585 section 5)."""
    if isinstance(error, LineTooLong):
        exceeded = error.args[1]
        is_target = exceeded == limits.request_line and exceeded != limits.header_field
        return 414 if is_target else 431
    if isinstance(error, BadHttpMessage) and error.message == _TOO_MANY:
        return 431
    return 400


def head_size(message: RawRequestMessage) -> int:
    """About how many bytes a head had: method, target, fields, and what separates them."""
    fields = sum(len(name) + len(value) + 4 for name, value in message.raw_headers)
    return len(message.method) + len(message.path) + 14 + fields


def is_plain(message: RawRequestMessage, received: bytes, at: int) -> bool:
    """Whether the version stands where it does in a request line as most clients write it."""
    return received.startswith(b" HTTP/1.", at + len(message.method) + len(message.path) + 1)


def begins_well(message: RawRequestMessage, received: bytes, at: int) -> bool:
    """Whether a message, parsed from the bytes from ``at`` on, begins with a request line of HTTP.

    llhttp reads RTSP and ICE too, and tells no more of the version than its numbers (RFC 9112
    section 2.3). And it skips any CR and LF before the line, of which one empty line is allowed
    (section 2.2).
    """
    if is_plain(message, received, at):
        return True
    if received.startswith(b"\r\n", at):
        at += 2
    method, _, rest = received[at : received.find(b"\r\n", at)].partition(b" ")
    target, _, version = rest.lstrip(b" ").partition(b" ")
    is_same = (method, target) == (message.method.encode(), _as_sent(message.path))
    return is_same and version.lstrip(b" ").startswith(b"HTTP/")


def _as_sent(target: str) -> bytes:
    return target.encode("utf-8", "surrogateescape")
