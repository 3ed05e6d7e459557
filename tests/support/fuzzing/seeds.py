"""What streams are made from: the vectors of clients, their TLS greetings, answers of pods."""

from __future__ import annotations

import ssl

from support.conversations import ANSWERS
from support.fuzzing.greetings import greeting
from support.fuzzing.mutation import Stream
from support.fuzzing.pods import ASKS, THENS
from support.pod_answers import CHUNKED, CONTINUE, PLAIN, TWO, WHOLE, with_field
from support.vectors import ALL
from support.vectors.model import HELLO, Outcome

CLIENT = tuple(
    Stream((vector.sent,), origin=vector.name)
    for vector in ALL
    for _ in range(3 if vector.outcome is Outcome.PASSED else 1)
)
"""Those that pass three times: damaged, they are what gets farthest."""

_NO_CONTENT = b"HTTP/1.1 204 No Content\r\n"
_NOT_MODIFIED = b"HTTP/1.1 304 Not Modified\r\n"
_SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

_ANSWERS = (
    *(raw for raw, _, _ in ANSWERS.values()),
    WHOLE,
    WHOLE + WHOLE,
    PLAIN + b"Content-Length: 70000\r\n\r\n" + b"x" * 70_000,
    CHUNKED + HELLO,
    CHUNKED + b"5;a=b\r\nhello\r\n0;c\r\n\r\n",
    CHUNKED + b"2\r\nok\r\n0\r\nX-T: 1\r\nConnection: close\r\n\r\n",
    CHUNKED + b"1\r\nx\r\n" * 300 + b"0\r\n\r\n",
    PLAIN + b"\r\nuntil the end",
    b"HTTP/1.0 200 OK\r\n\r\nhello",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + TWO + b"\r\nok",
    b"HTTP/1.0 200 OK\r\n" + TWO + b"\r\nok",
    _NO_CONTENT + b"\r\n",
    _NO_CONTENT + TWO + b"\r\nok",
    _NOT_MODIFIED + TWO + b"\r\n",
    _NOT_MODIFIED + b"\r\n" + WHOLE,
    PLAIN + TWO + b"\r\n",
    CONTINUE + WHOLE,
    CONTINUE * 16 + WHOLE,
    b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n" + WHOLE,
    b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n" + WHOLE,
    _SWITCH + b"\x81\x02hi",
    with_field(b"Set-Cookie: a=1\r\nSet-Cookie: b=2; Path=/"),
    with_field(b"Connection: X-Int, close\r\nX-Int: secret\r\nKeep-Alive: timeout=5"),
    with_field(b"Upgrade: h2c\r\nConnection: Upgrade"),
    with_field(b"X: " + b"a" * 12_000),
    b"HTTP/1.1 200\r\n" + TWO + b"\r\nok",
    b"HTTP/1.1 404 caf\xe9\r\n" + TWO + b"\r\nno",
    b"HTTP/1.1 799 Odd\r\nContent-Length: 005\r\n\r\nhello",
    b"",
)

_TLS12 = ssl.TLSVersion.TLSv1_2

GREETING = (
    *(Stream((greeting(name),), origin=name) for name in ("a.test", "b.test", "a" * 63 + ".test")),
    *(Stream((greeting("a.test", _TLS12)[:-size],), origin="cut") for size in (1, 20, 100)),
    Stream((greeting("a.test", _TLS12),), origin="TLS 1.2"),
    Stream((b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",), origin="no TLS"),
    Stream((b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc" + bytes(500),), origin="large"),
    Stream((b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10" + bytes(40),), origin="SSL 2"),
    Stream((b"\x15\x03\x01\x00\x02\x02\x28",), origin="alert"),
)

POD = tuple(
    Stream((raw,), f"{ask} {then}", raw[:30].decode("latin-1"))
    for raw in _ANSWERS
    for ask in ASKS
    for then in THENS
)
