"""What a client is told when its request cannot be parsed."""

from __future__ import annotations

import re

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


def begins_as_http(message: RawRequestMessage, received: bytes) -> bool:
    """Whether it is plain that these bytes begin with a request line of HTTP, as most do."""
    return received.startswith(b"HTTP/1.", len(message.method) + len(message.path) + 2)


def is_foreign(message: RawRequestMessage, received: bytes) -> bool:
    """Whether a message, parsed from these bytes, is one of RTSP or ICE.

    llhttp reads those too, and tells no more of the version than its numbers (RFC 9112 section
    2.3).
    """
    if b" RTSP/" not in received and b" ICE/" not in received:
        return False
    target = re.escape(message.path.encode("utf-8", "surrogateescape"))
    return re.search(rb" %b +(?:RTSP|ICE)/" % target, received) is not None
