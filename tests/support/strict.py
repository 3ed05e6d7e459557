"""HTTP/1.1 requests read by the letter of RFC 9112: what a pod without any leniency sees."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
REQUEST_LINE = re.compile(rb"(%b) ([\x21-\x7e\x80-\xff]+) HTTP/1\.[01]" % TOKEN)
FIELD_LINE = re.compile(rb"(%b):[ \t]*((?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)" % TOKEN)
CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}")
LENGTH = re.compile(rb"0|[1-9][0-9]{0,18}")


class NotHttp(Exception):
    """The bytes break the grammar, or say in two ways where the message ends."""


@dataclass
class Seen:
    """One whole request; field names in lower case."""

    line: bytes
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    def values(self, name: bytes) -> list[bytes]:
        return [value for known, value in self.fields if known == name]

    @property
    def field_lines(self) -> list[bytes]:
        """Every field as ``name: value``."""
        return [b"%b: %b" % pair for pair in self.fields]


def read_requests(raw: bytes) -> tuple[list[Seen], bytes]:
    """The whole requests of a byte stream, and what is left over. Raises NotHttp."""
    requests: list[Seen] = []
    while (read := _read_one(raw)) is not None:
        request, raw = read
        requests.append(request)
    return requests, raw


def _read_one(raw: bytes) -> tuple[Seen, bytes] | None:
    head, end, rest = raw.partition(b"\r\n\r\n")
    if not end:
        return None
    line, *lines = head.split(b"\r\n")
    if REQUEST_LINE.fullmatch(line) is None:
        raise NotHttp(f"request line {line!r}")
    request = Seen(line, [_field(each) for each in lines])
    body = _body(request, rest)
    if body is None:
        return None
    request.body, rest = body
    return request, rest


def _field(line: bytes) -> tuple[bytes, bytes]:
    found = FIELD_LINE.fullmatch(line)
    if found is None:
        raise NotHttp(f"field line {line!r}")
    return found[1].lower(), found[2]


def _body(request: Seen, rest: bytes) -> tuple[bytes, bytes] | None:
    lengths, codings = (request.values(each) for each in (b"content-length", b"transfer-encoding"))
    if len(lengths) + len(codings) > 1 or len(request.values(b"host")) != 1:
        raise NotHttp(f"framing or Host is ambiguous: {request.field_lines!r}")
    if codings:
        if codings != [b"chunked"]:
            raise NotHttp(f"coding {codings!r}")
        return _chunks(rest)
    if lengths and LENGTH.fullmatch(lengths[0]) is None:
        raise NotHttp(f"length {lengths!r}")
    size = int(lengths[0]) if lengths else 0
    return (rest[:size], rest[size:]) if len(rest) >= size else None


def _chunks(rest: bytes) -> tuple[bytes, bytes] | None:
    body = b""
    while True:
        line, end, after = rest.partition(b"\r\n")
        if not end:
            return None
        if CHUNK_SIZE.fullmatch(line) is None:
            raise NotHttp(f"chunk size {line!r}")
        size = int(line, 16)
        piece, close = after[:size], after[size : size + 2]
        if not b"\r\n".startswith(close):
            raise NotHttp(f"chunk of {size} bytes ends with {close!r}")
        if len(close) < 2:
            return None
        rest = after[size + 2 :]
        if not size:
            return body, rest
        body += piece
