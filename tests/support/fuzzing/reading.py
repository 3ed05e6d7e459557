"""What a client's bytes say by the letter of RFC 9112: the most that a pod may be asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_LINE = re.compile(rb"(%b) +([\x21\x22\x24-\x7e\x80-\xff]+) +HTTP/1\.([01])" % TOKEN)
"""Section 3 lets several spaces pass."""
_FIELD = re.compile(rb"(%b):([\t\x20-\x7e\x80-\xff]*)" % TOKEN)
_VALUE = rb'(?:%b|"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*")' % TOKEN
_EXTENSION = rb"[ \t]*;[ \t]*%b(?:[ \t]*=[ \t]*%b)?" % (TOKEN, _VALUE)
_EXTENSIONS = re.compile(b"(?:%b)*" % _EXTENSION)
_SIZE = re.compile(rb"([0-9A-Fa-f]+)((?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?)")
_HOST = re.compile(rb"(?:[0-9A-Za-z._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]*\])(?::[0-9]*)?")
_ABSOLUTE = re.compile(rb"https?://[^/?]+([^?]*)(\?.*)?", re.IGNORECASE | re.DOTALL)

CUT = "cut short"
CLOSED = "closed by its own wish"


class Flaw(Exception):
    """Why reading stops; the text is one of a few, so that flaws can be told apart."""


@dataclass
class Asked:
    """One whole request. ``target`` is in origin form; ``written`` is the line as it was sent.

    ``overhead`` counts the bytes of a chunked body that are not of its content.
    """

    method: bytes
    target: bytes
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    version: int = 1
    written: bytes = b""
    trailers: list[tuple[bytes, bytes]] = field(default_factory=list)
    overhead: int = 0

    def values(self, name: bytes) -> list[bytes]:
        return [value for known, value in self.fields if known == name]

    def tokens(self, name: bytes) -> set[bytes]:
        """The elements of a field that is a list, in lower case."""
        return {each.strip(b" \t").lower() for each in b",".join(self.values(name)).split(b",")}

    @property
    def line(self) -> bytes:
        """Its request line as a proxy writes it."""
        return b"%b %b HTTP/1.1" % (self.method, self.target)

    @property
    def is_last(self) -> bool:
        """Whether the client wants no other on this connection (RFC 9112 section 9.3)."""
        tokens = self.tokens(b"connection")
        return b"close" in tokens or (not self.version and b"keep-alive" not in tokens)


@dataclass
class Reading:
    """The whole requests of a stream, and why reading ended: "" where nothing was left."""

    requests: list[Asked] = field(default_factory=list)
    flaw: str = ""
    broken: Asked | None = None


def read_stream(raw: bytes) -> Reading:
    """Read a client's connection from its first byte to its last."""
    reader, reading = Reader(raw), Reading()
    try:
        while reader.skip_empty_line():
            reading.broken = None
            request = reader.head()
            reading.broken = request
            request.body = reader.body(request)
            reading.requests.append(request)
            if request.is_last and reader.rest:
                raise Flaw(CLOSED)
        reading.broken = None
    except Flaw as flaw:
        reading.flaw = str(flaw)
    return reading


class Reader:
    """Takes lines and bytes off the front of a stream. Everything raises Flaw.

    ``is_odd``: an extension was not by the grammar, which may be overlooked as it says nothing.
    """

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0
        self.is_odd = False

    @property
    def rest(self) -> bytes:
        """What has not been read."""
        return self._raw[self._at :]

    def skip_empty_line(self) -> bool:
        """Pass over one empty line before a request; whether anything follows (section 2.2)."""
        if self._raw.startswith(b"\r\n", self._at):
            self._at += 2
        if self._raw.startswith(b"\r\n", self._at):
            raise Flaw("empty lines")
        return self._at < len(self._raw)

    def skip_empty_lines(self) -> bool:
        """Pass over what is nothing before an answer; whether anything follows."""
        while self._raw.startswith((b"\r", b"\n"), self._at):
            self._at += 1
        return self._at < len(self._raw)

    def line(self) -> bytes:
        """One line, without the CRLF that ends it."""
        end = self._raw.find(b"\n", self._at)
        line = self._raw[self._at : end if end >= 0 else None]
        if end >= 0 and line.endswith(b"\r"):
            line, has_end = line[:-1], True
        else:
            has_end = False
        if b"\r" in (line if has_end or end >= 0 else line[:-1]):
            raise Flaw("bare CR")
        if end < 0:
            raise Flaw(CUT)
        if not has_end:
            raise Flaw("bare LF")
        self._at = end + 1
        return line

    def take(self, size: int) -> bytes:
        """So many bytes."""
        taken = self._raw[self._at : self._at + size]
        if len(taken) < size:
            raise Flaw(CUT)
        self._at += size
        return taken

    def head(self) -> Asked:
        """Request line and fields (sections 3 and 5)."""
        line = self.line()
        found = _LINE.fullmatch(line)
        if found is None:
            raise Flaw("request line")
        request = Asked(found[1], found[2], version=int(found[3]), written=line)
        request.fields = self.fields()
        self._check_target(request)
        hosts = request.values(b"host")
        if len(hosts) > 1 or (request.version and not hosts):
            raise Flaw("Host")
        if hosts and _HOST.fullmatch(hosts[0]) is None:
            raise Flaw("Host")
        return request

    def fields(self) -> list[tuple[bytes, bytes]]:
        """Field lines up to the empty line; names in lower case."""
        fields = []
        while line := self.line():
            if line[:1] in (b" ", b"\t"):
                raise Flaw("folded field")
            found = _FIELD.fullmatch(line)
            if found is None:
                raise Flaw("field line")
            fields.append((found[1].lower(), found[2].strip(b" \t")))
        return fields

    def _check_target(self, request: Asked) -> None:
        """Bring it into origin form (section 3.2)."""
        if request.method == b"CONNECT":
            raise Flaw("CONNECT")
        if request.target[:1] == b"/" or (request.target, request.method) == (b"*", b"OPTIONS"):
            return
        found = _ABSOLUTE.fullmatch(request.target)
        if found is None:
            raise Flaw("request target")
        request.target = (found[1] or b"/") + (found[2] or b"")

    def body(self, request: Asked) -> bytes:
        """The body that the fields announce (section 6.3)."""
        lengths, codings = request.values(b"content-length"), request.values(b"transfer-encoding")
        if codings and lengths:
            raise Flaw("two framings")
        if codings:
            if len(codings) > 1 or codings[0].lower() != b"chunked" or not request.version:
                raise Flaw("Transfer-Encoding")
            start = self._at
            body, request.trailers = self.chunks()
            request.overhead = self._at - start - len(body)
            return body
        if len(lengths) > 1 or (lengths and not re.fullmatch(rb"[0-9]{1,4000}", lengths[0])):
            raise Flaw("Content-Length")
        return self.take(int(lengths[0])) if lengths else b""

    def chunks(self) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        """A chunked body and its trailers (section 7.1)."""
        body = b""
        while True:
            found = _SIZE.fullmatch(self.line())
            if found is None:
                raise Flaw("chunk size")
            self.is_odd |= _EXTENSIONS.fullmatch(found[2]) is None
            size = int(found[1], 16)
            if not size:
                return body, self.fields()
            body += self.take(size)
            end = self.take(min(2, max(1, len(self.rest))))
            if not b"\r\n".startswith(end):
                raise Flaw("chunk end")
            if end != b"\r\n":
                raise Flaw(CUT)
