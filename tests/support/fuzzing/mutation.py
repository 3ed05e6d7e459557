"""Streams that nobody would write: good ones, damaged at random; the same again from one seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WORDS = (
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b"\x0b", b"\x0c", b"\x7f", b"\x80", b"\xa0", b"\xff",
    b":", b";", b",", b"=", b'"', b"#", b"?", b"%", b"%00", b"%2e%2e", b"\\", b"/../", b"//", b"*",
    b"0", b"1", b"5", b"-1", b"+5", b"0x5", b"0005", b"5_0", b"18446744073709551621", b"7fffffff",
    b"\r\n\r\n", b"0\r\n\r\n", b"5\r\nhello\r\n", b"ffffffffffffffff", b"5;x=y", b"\r\n ", b"\n\n",
    b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Content-Length: 6, 6\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: identity\r\n", b"tRANSFER-eNCODING:",
    b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Connection: Upgrade\r\n",
    b"Upgrade: websocket\r\n", b"Upgrade: h2c\r\n", b"Expect: 100-continue\r\n", b"chunked",
    b"Host: a.test\r\n", b"Host: evil.test\r\n", b"X-Forwarded-For: 1.2.3.4\r\n", b"Trailer: X\r\n",
    b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/0.9", b"GET ", b"HEAD ", b"POST ", b"CONNECT ",
    b"GET /y HTTP/1.1\r\nHost: a.test\r\n\r\n", b"HEAD /y HTTP/1.1\r\nHost: a.test\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 304 Not Modified\r\n\r\n",
)  # fmt: skip
"""What parsers care about."""

LINES = (
    *(word[:-2] for word in WORDS if b": " in word and word.count(b"\r\n") == 1),
    b"X-A: v", b"x_a: v", b"Cookie: a=1; b=2", b"Accept: */*", b"Connection: X-A", b"TE: trailers",
    b"Proxy: x", b"X-Real-IP: 1.2.3.4", b"Forwarded: for=x", b"Set-Cookie: c=3", b"Keep-Alive: 5",
    b"X: caf\xe9", b"Via: 1.1 x", b"Max-Forwards: 3", b"Content-Encoding: gzip", b"X-A:",
)  # fmt: skip

LONGEST = 200_000


@dataclass(frozen=True)
class Stream:
    """Bytes in the pieces in which they are sent.

    ``setting`` is what else there is to decide, and ``origin`` the name of what it was made from.
    """

    pieces: tuple[bytes, ...]
    setting: str = ""
    origin: str = ""

    @property
    def raw(self) -> bytes:
        """All of it."""
        return b"".join(self.pieces)


class Mutator:
    """Makes streams of seeds, one after the other, all decided by one number."""

    def __init__(self, seeds: Sequence[Stream], seed: str) -> None:
        self._seeds = seeds
        self._random = random.Random(seed)
        self._ways: tuple[Callable[[bytes], bytes], ...] = (
            self._put_word,
            self._put_line,
            self._put_line,
            self._put_line,
            self._replace_word,
            self._change_byte,
            self._drop,
            self._repeat,
            self._swap_lines,
            self._repeat_line,
            self._cut,
            self._join,
            self._join,
            self._splice,
            self._change_case,
        )

    def stream(self) -> Stream:
        """The next one: a seed with up to eight changes, in some pieces."""
        chosen = self._random.choice(self._seeds)
        raw = chosen.raw
        for _ in range(self._random.choice((0, 1, 1, 1, 1, 2, 2, 3, 6))):
            raw = self._random.choice(self._ways)(raw)[:LONGEST]
        setting = chosen if self._random.random() < 0.7 else self._random.choice(self._seeds)
        return Stream(self._pieces(raw), setting.setting, chosen.origin)

    def _pieces(self, raw: bytes) -> tuple[bytes, ...]:
        if len(raw) < 500 and self._random.random() < 0.1:
            return tuple(raw[at : at + 1] for at in range(len(raw)))
        cuts = sorted(self._at(raw) for _ in range(self._random.choice((0, 0, 0, 1, 2, 5))))
        bounds = zip([0, *cuts], [*cuts, len(raw)], strict=True)
        return tuple(raw[start:end] for start, end in bounds if start < end)

    def _at(self, raw: bytes) -> int:
        """A place, often where a line ends."""
        if self._random.random() < 0.5:
            place = raw.find(b"\n", self._random.randint(0, len(raw)))
            if place >= 0:
                return max(0, place + self._random.choice((-1, 0, 1, 1, 1)))
        return self._random.randint(0, len(raw))

    def _span(self, raw: bytes) -> tuple[int, int]:
        start = self._at(raw)
        return start, min(len(raw), start + self._random.choice((1, 1, 2, 3, 8, 40, 300)))

    def _other(self) -> bytes:
        return self._random.choice(self._seeds).raw

    def _put_word(self, raw: bytes) -> bytes:
        at = self._at(raw)
        return raw[:at] + self._random.choice(WORDS) + raw[at:]

    def _put_line(self, raw: bytes) -> bytes:
        """A whole line among others, which often does no harm."""
        lines = raw.split(b"\r\n")
        lines.insert(self._random.randrange(len(lines)), self._random.choice(LINES))
        return b"\r\n".join(lines)

    def _replace_word(self, raw: bytes) -> bytes:
        start, end = self._span(raw)
        return raw[:start] + self._random.choice(WORDS) + raw[end:]

    def _change_byte(self, raw: bytes) -> bytes:
        at = self._at(raw)
        return raw[:at] + bytes([self._random.randrange(256)]) + raw[at + 1 :]

    def _drop(self, raw: bytes) -> bytes:
        start, end = self._span(raw)
        return raw[:start] + raw[end:]

    def _repeat(self, raw: bytes) -> bytes:
        start, end = self._span(raw)
        return raw[:start] + raw[start:end] * self._random.choice((2, 2, 3, 50)) + raw[end:]

    def _swap_lines(self, raw: bytes) -> bytes:
        lines = raw.split(b"\r\n")
        one, other = (self._random.randrange(len(lines)) for _ in range(2))
        lines[one], lines[other] = lines[other], lines[one]
        return b"\r\n".join(lines)

    def _repeat_line(self, raw: bytes) -> bytes:
        lines = raw.split(b"\r\n")
        lines.insert(self._random.randrange(len(lines)), self._random.choice(lines))
        return b"\r\n".join(lines)

    def _cut(self, raw: bytes) -> bytes:
        return raw[: self._at(raw)]

    def _join(self, raw: bytes) -> bytes:
        return raw + self._other()

    def _splice(self, raw: bytes) -> bytes:
        other = self._other()
        return raw[: self._at(raw)] + other[self._at(other) :]

    def _change_case(self, raw: bytes) -> bytes:
        start, end = self._span(raw)
        return raw[:start] + raw[start:end].swapcase() + raw[end:]
