"""Which status tells a client what was wrong with its request."""

from __future__ import annotations

import msgspec
import pytest
from aiohttp.http_exceptions import BadHttpMessage, InvalidHeader, LineTooLong
from support.requests import unread

from ingressd.proxy.client.refusals import begins_well, head_size, status_of
from ingressd.routing.global_policy import Limits

LIMITS = Limits()
FOLLOWED = b"GET /y HTTP/1.1\r\n\r\n"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (LineTooLong(b"/a", LIMITS.request_line), 414),
        (LineTooLong(b"X", LIMITS.header_field), 431),
        (BadHttpMessage("Too many headers received"), 431),
        (BadHttpMessage("anything else"), 400),
        (InvalidHeader(b"X"), 400),
    ],
)
def test_the_status_says_what_was_too_large(error: BaseException, status: int) -> None:
    assert status_of(error, LIMITS) == status


def test_where_both_limits_are_the_same_it_was_a_field() -> None:
    limits = msgspec.structs.replace(LIMITS, header_field=LIMITS.request_line)
    assert status_of(LineTooLong(b"/a", LIMITS.request_line), limits) == 431


async def test_the_size_of_a_head() -> None:
    head = b"GET /x HTTP/1.1\r\nHost: a.test\r\nX-A: b\r\n\r\n"
    assert head_size(unread(head).message) == len(head)


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (b"GET /x RTSP/1.1", False),
        (b"SOURCE /x?a=(b  ICE/1.0", False),
        (b"GET        /xHTTP/1. RTSP/1.1", False),
        (b"GET /x HTTP/1.1", True),
        (b"GET  /x   HTTP/1.1", True),
        (b"GET http://a.test/x HTTP/1.1", True),
        (b"GET /x HTTP/1.1\r\nUser-Agent: Player RTSP/1.0", True),
        (b"\r\nGET /x HTTP/1.1", True),
        (b"\r\nGET /x RTSP/1.1", False),
        (b"\r\n\r\nGET /x HTTP/1.1", False),
        (b"\rGET /x HTTP/1.1", False),
        (b"\nGET /x HTTP/1.1", False),
        (b"\r\n\rGET /x HTTP/1.1", False),
        (b"\r\r\nGET /x HTTP/1.1", False),
        (b"\r" * 8 + b"GET /xHTTP/1. HTTP/1.1", False),
    ],
)
async def test_how_a_request_begins(received: bytes, expected: bool) -> None:
    received += b"\r\nHost: a.test\r\n\r\n"
    message = unread(received).message
    assert begins_well(message, received, 0) is expected
    assert begins_well(message, FOLLOWED + received, len(FOLLOWED)) is expected
