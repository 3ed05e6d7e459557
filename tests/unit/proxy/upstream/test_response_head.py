"""How a pod's answer is framed and which of its fields travel."""

from __future__ import annotations

import pytest

from ingressd.proxy.upstream.response_head import Framing, MalformedResponse, read_head, status_line

LENGTH = [(b"Content-Length", b"7")]
CHUNKED = [(b"Transfer-Encoding", b"Chunked")]


@pytest.mark.parametrize(
    ("status", "raw", "is_head", "framing", "length"),
    [
        (200, LENGTH, False, Framing.LENGTH, 7),
        (200, CHUNKED, False, Framing.CHUNKED, -1),
        (200, [], False, Framing.UNTIL_CLOSE, -1),
        (200, LENGTH, True, Framing.NONE, 7),
        (200, CHUNKED, True, Framing.NONE, -1),
        (200, [], True, Framing.NONE, -1),
        (304, LENGTH, False, Framing.NONE, 7),
        (304, [], False, Framing.NONE, -1),
        (204, LENGTH, False, Framing.NONE, -1),
        (101, LENGTH, False, Framing.NONE, -1),
        (500, [(b"content-length", b"0")], False, Framing.LENGTH, 0),
    ],
)
def test_framing(
    status: int, raw: list[tuple[bytes, bytes]], is_head: bool, framing: int, length: int
) -> None:
    head = read_head(status, b"", raw, is_head)
    assert (head.framing, head.length) == (framing, length)


@pytest.mark.parametrize(
    "raw",
    [
        LENGTH + LENGTH,
        LENGTH + CHUNKED,
        CHUNKED + CHUNKED,
        [(b"Transfer-Encoding", b"gzip, chunked")],
        [(b"Transfer-Encoding", b"identity")],
        [(b"Content-Length", b"")],
        [(b"Content-Length", b"+1")],
        [(b"Content-Length", b"1_0")],
        [(b"Content-Length", b"1, 1")],
        [(b"Content-Length", b"9" * 20)],
    ],
)
def test_ambiguous_framing_is_refused(raw: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(MalformedResponse):
        read_head(200, b"", raw, is_head=False)


def test_fields_travel_except_those_of_the_connection() -> None:
    raw = [
        (b"Server", b"pod"), (b"Connection", b"x-hop, date, set-cookie"), (b"X-Hop", b"1"),
        (b"Date", b"now"), (b"Set-Cookie", b"a=1"), (b"Keep-Alive", b"timeout=5"),
        (b"X-A", b"\xe9"), (b"Trailer", b"X-Sum"), (b"Content-Length", b"1"),
    ]  # fmt: skip
    head = read_head(200, b"OK", raw, is_head=False)
    assert head.lines == [
        b"Server: pod\r\n", b"Date: now\r\n", b"Set-Cookie: a=1\r\n", b"X-A: \xe9\r\n"
    ]  # fmt: skip
    assert head.trailer == b"X-Sum"


def test_what_is_said_to_nginx_alone_does_not_travel() -> None:
    names = ("Redirect", "Expires", "Buffering", "Charset", "Limit-Rate")
    raw = [(f"X-Accel-{name}".encode(), b"no") for name in names]
    head = read_head(200, b"OK", [*raw, (b"X-Accel", b"1"), *LENGTH], is_head=False)
    assert head.lines == [b"X-Accel: 1\r\n"]
    assert head.buffering == b"no"


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        (200, b"OK", b"HTTP/1.1 200 OK\r\n"),
        (200, b"Fine", b"HTTP/1.1 200 Fine\r\n"),
        (200, b"", b"HTTP/1.1 200 \r\n"),
        (299, b"Caf\xe9", b"HTTP/1.1 299 Caf\xe9\r\n"),
    ],
)
def test_status_line(status: int, reason: bytes, expected: bytes) -> None:
    assert status_line(status, reason) == expected


@pytest.mark.parametrize("reason", [b"O\x00K", b"O\rK", b"O\nK", b"\x1b[2J", b"\x7f"])
def test_controls_in_a_reason_phrase_are_refused(reason: bytes) -> None:
    with pytest.raises(MalformedResponse):
        read_head(200, reason, [], is_head=False)
