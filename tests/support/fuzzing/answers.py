"""What a server's bytes say by the letter of RFC 9112, pod and proxy alike."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from support.fuzzing.reading import CUT, Flaw, Reader

_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?")
_LENGTH = re.compile(rb"[0-9]{1,18}")


@dataclass
class Answered:
    """One final answer. ``flaw`` is why it is none, or "" where it is whole.

    ``is_odd``: it may be refused all the same.
    """

    status: int = 0
    version: int = 1
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    interim: int = 0
    flaw: str = ""
    is_odd: bool = False
    rest: bytes = b""

    def values(self, name: bytes) -> list[bytes]:
        return [value for known, value in self.fields if known == name]


def read_answer(raw: bytes, *, is_head: bool = False, has_closed: bool = True) -> Answered:
    """The first final answer of a stream, to HEAD or to another method.

    ``has_closed``: the connection ended well behind these bytes, as some bodies need.
    """
    reader, answer = Reader(raw), Answered()
    try:
        _read_head(reader, answer)
        while answer.status < 200:
            answer.interim += 1
            if answer.status == 101:
                raise Flaw("101")
            _read_head(reader, answer)
        _read_body(reader, answer, is_head, has_closed)
    except Flaw as flaw:
        answer.flaw = str(flaw)
    answer.is_odd = reader.is_odd
    answer.rest = reader.rest
    return answer


def _read_head(reader: Reader, answer: Answered) -> None:
    if not reader.skip_empty_lines():
        raise Flaw(CUT)
    line = reader.line()
    found = _LINE.fullmatch(line)
    if found is None:
        raise Flaw("status line")
    answer.version, answer.status = int(found[1]), int(found[2])
    answer.fields = reader.fields()


def _read_body(reader: Reader, answer: Answered, is_head: bool, has_closed: bool) -> None:
    """RFC 9112 section 6.3."""
    if answer.status == 204:
        return
    lengths, codings = answer.values(b"content-length"), answer.values(b"transfer-encoding")
    _check_framing(lengths, codings)
    if is_head or answer.status == 304:
        return
    if codings and not answer.version:
        raise Flaw("Transfer-Encoding")
    if codings:
        answer.body, trailers = reader.chunks()
        if any(name == b"content-length" for name, _ in trailers):
            raise Flaw("trailer")  # RFC 9110 section 6.5.1 forbids it
    elif lengths:
        answer.body = reader.take(int(lengths[0]))
    elif has_closed:
        answer.body = reader.take(len(reader.rest))
    else:
        raise Flaw(CUT)


def _check_framing(lengths: list[bytes], codings: list[bytes]) -> None:
    if (lengths and codings) or len(lengths) > 1:
        raise Flaw("two framings")
    if lengths and not _LENGTH.fullmatch(lengths[0]):
        raise Flaw("Content-Length")
    if codings and [each.lower() for each in codings] != [b"chunked"]:
        raise Flaw("Transfer-Encoding")
