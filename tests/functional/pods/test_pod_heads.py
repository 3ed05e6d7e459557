"""What of a pod's head reaches the client, and which heads are refused.

Each case runs on real sockets; the next request must get its own answer whatever came before.
"""

from __future__ import annotations

from support.pod_answers import (
    CONTINUE,
    PLAIN,
    TWO,
    WHOLE,
    Case,
    Seen,
    Then,
    play,
    refused,
    table,
    with_field,
)


def started(line: bytes) -> bytes:
    """An answer that is all right but for its first line."""
    return line + b"\r\n" + TWO + b"\r\nok"


HEADS = [
    Case("tab in a value", with_field(b"X: a\tb"), has=(b"x: a\tb",)),
    Case("bytes beyond ASCII", with_field(b"X: caf\xe9"), has=(b"x: caf\xe9",)),
    Case("empty value", with_field(b"X:"), has=(b"x: ",)),
    Case(
        "cookies",
        with_field(b"Set-Cookie: a=1\r\nSet-Cookie: b=2; Path=/"),
        has=(b"set-cookie: a=1", b"set-cookie: b=2; Path=/"),
    ),
    Case(
        "what should be there once",
        with_field(b"Server: a\r\nServer: b\r\nContent-Type: a/b\r\nContent-Type: a/c"),
        has=(b"server: a", b"server: b", b"content-type: a/b", b"content-type: a/c"),
    ),
    Case("nothing is added", WHOLE, hasnt=(b"content-type", b"server")),
    Case(
        "hop by hop",
        with_field(
            b"Connection: X-Int\r\nX-Int: secret\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x"
        ),
        hasnt=(b"x-int", b"keep-alive", b"connection", b"proxy-connection"),
    ),
    Case("offer of h2c", with_field(b"Upgrade: h2c\r\nConnection: Upgrade"), hasnt=(b"upgrade",)),
    Case("a field of 12 KB", with_field(b"Set-Cookie: a=" + b"a" * 12_000)),
    Case("a head of 60 KB", with_field(b"X: " + b"a" * 60_000)),
    refused("a field of 300 KB", with_field(b"X: " + b"a" * 300_000)),
    refused("100 KB of small fields", with_field(b"X: y\r\n" * 16_000 + b"X: y")),
    refused("a name of 100 KB", with_field(b"X" * 100_000 + b": y")),
    refused("a reason of 100 KB", started(b"HTTP/1.1 200 " + b"x" * 100_000)),
    refused("NUL in a value", with_field(b"X: a\x00b")),
    refused("control in a value", with_field(b"X: a\x01b")),
    refused("escape in a value", with_field(b"X: \x1b[2J")),
    refused("DEL in a value", with_field(b"X: a\x7fb")),
    refused("bare CR in a value", with_field(b"X: a\rb")),
    refused("bare CR before CRLF", with_field(b"X: a\r")),
    refused("bare LF in a value", with_field(b"X: a\nSet-Cookie: b")),
    refused("bare LF everywhere", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
    refused("bare LF at the end of the head", PLAIN + TWO + b"\nok"),
    refused("fold with a space", with_field(b"X: a\r\n b")),
    refused("fold with a tab", with_field(b"X: a\r\n\tb")),
    refused("fold in the first field", PLAIN + b" X: a\r\n" + TWO + b"\r\nok"),
    refused("fold in the length", PLAIN + b"Content-Length:\r\n 2\r\n\r\nok"),
    refused("space before the colon", with_field(b"X : a")),
    refused("space before the length's colon", PLAIN + b"Content-Length : 2\r\n\r\nok"),
    refused("tab before the colon", with_field(b"X\t: a")),
    refused("no name", with_field(b": a")),
    refused("no colon", with_field(b"Xa")),
    refused("NUL in a name", with_field(b"X\x00: a")),
    refused("control in a name", with_field(b"X\x01: a")),
    refused("name beyond ASCII", with_field(b"X\xe9: a")),
    refused("separator in a name", with_field(b"X(a): b")),
]
"""RFC 9110 section 5, RFC 9112 section 5."""

FIRST_LINES = [
    Case("no reason", started(b"HTTP/1.1 200")),
    Case("empty reason", started(b"HTTP/1.1 200 ")),
    Case("reason beyond ASCII", started(b"HTTP/1.1 200 caf\xe9")),
    Case("status 799", started(b"HTTP/1.1 799 Odd"), status=799),
    Case("empty line before", b"\r\n" + WHOLE),
    refused("NUL in the reason", started(b"HTTP/1.1 200 O\x00K")),
    refused("escape in the reason", started(b"HTTP/1.1 200 \x1b[2J")),
    refused("bare CR in the reason", started(b"HTTP/1.1 200 O\rK")),
    *(
        refused(f"{line!r}", started(line))
        for line in (
            b"HTTP/1.1 000 OK", b"HTTP/1.1 001 OK", b"HTTP/1.1 099 OK", b"HTTP/1.1 20 OK",
            b"HTTP/1.1 1000 OK", b"HTTP/1.1 2x0 OK", b"HTTP/1.1 -20 OK", b"HTTP/1.1 +20 OK",
            b"HTTP/1.1 2.0 OK", b"HTTP/1.1 200OK", b"HTTP/1.1  200 OK", b"HTTP/1.1\t200\tOK",
            b"HTTP/1.1  OK", b"HTTP/1.1", b"HTTP/1.1200 OK", b"HTTP/1.1 \xb2\xb2\xb2 OK",
            b"HTTP/2.0 200 OK", b"HTTP/2 200 OK", b"HTTP/3.0 200 OK", b"HTTP/0.9 200 OK",
            b"HTTP/1.2 200 OK", b"HTTP/1.10 200 OK", b"HTTP/11 200 OK", b"HTTP/1 200 OK",
            b"HTTP/1.x 200 OK", b"HTTP/01.1 200 OK", b"HTTP 200 OK", b"http/1.1 200 OK",
            b"HTTX/1.1 200 OK", b"ICY 200 OK", b"ICE/1.0 200 OK", b"RTSP/1.0 200 OK",
            b" HTTP/1.1 200 OK", b"GET / HTTP/1.1", b"200 OK",
        )
    ),
    refused("a greeting", b"SSH-2.0-OpenSSH_9.0\r\n", Then.CLOSE),
    refused("HTTP/0.9", b"<html>hi</html>", Then.CLOSE),
    refused("TLS alert", b"\x15\x03\x01\x00\x02\x02\x46", Then.CLOSE),
    refused("HTTP/2 settings", b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
]  # fmt: skip
"""RFC 9112 section 4."""

INTERIM = [
    Case("100", CONTINUE + WHOLE),
    Case("102", b"HTTP/1.1 102 Processing\r\n\r\n" + WHOLE),
    Case(
        "103",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n" + WHOLE,
        hasnt=(b"link",),
    ),
    Case("199", b"HTTP/1.1 199 Odd\r\n\r\n" + WHOLE),
    Case("sixteen", CONTINUE * 16 + WHOLE),
    Case("to HEAD", CONTINUE + PLAIN + TWO + b"\r\n", method=b"HEAD", body=b""),
    Case(
        "with a length", b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n" + WHOLE, reuse=False
    ),
    Case(
        "with a coding",
        b"HTTP/1.1 103 Hints\r\nTransfer-Encoding: chunked\r\n\r\n" + WHOLE,
        reuse=False,
    ),
    refused("seventeen", CONTINUE * 17 + WHOLE),
    refused("twenty thousand", CONTINUE * 20_000 + WHOLE),
    refused("huge", b"HTTP/1.1 103 Early Hints\r\nLink: " + b"a" * 100_000 + b"\r\n\r\n" + WHOLE),
    refused("malformed", b"HTTP/1.1 103 Early Hints\r\nLink : a\r\n\r\n" + WHOLE),
    refused("with a control in its reason", b"HTTP/1.1 100 \x06\r\n\r\n" + WHOLE),
    refused("and nothing else", CONTINUE, Then.CLOSE),
    Case("and silence", CONTINUE, Then.STALL, Seen.TIMED_OUT, reuse=False),
    refused(
        "101 unasked",
        b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ),
    refused("101 unasked and bare", b"HTTP/1.1 101 Switching\r\n\r\n" + WHOLE),
    refused(
        "101 to h2c",
        b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        extra=b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
    ),
    refused(
        "101 to more than was asked for",
        b"HTTP/1.1 101 Switching\r\nUpgrade: websocket, h2c\r\nConnection: Upgrade\r\n\r\n",
        extra=b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
    ),
    refused(
        "101 with controls in its reason",
        b"HTTP/1.1 101 O\x00K\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        extra=b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
    ),
    refused(
        "101 to nothing",
        b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\n\r\n",
        extra=b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
    ),
]
"""RFC 9110 section 15.2: dropped, at most sixteen of them, and 101 only if it was asked for."""


@table(heads=HEADS, first_lines=FIRST_LINES, interim=INTERIM)
async def test_what_becomes_of_a_head(case: Case) -> None:
    await play(case)
