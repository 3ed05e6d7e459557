"""What a vector is, and the words in which the tables are written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

HOST = b"Host: a.test"
SMUGGLED = b"GET /evil HTTP/1.1\r\nHost: a.test\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked"
HELLO = b"5\r\nhello\r\n0\r\n\r\n"
"""The body "hello" as one chunk."""


class Outcome(Enum):
    """What may become of a vector."""

    REFUSED = "refused"
    PASSED = "passed"
    EITHER = "either"


@dataclass(frozen=True)
class Vector:
    """Bytes from a client, and what has to come of them.

    A refused one ends the connection, with one of ``statuses`` as its last answer if any, and no
    pod gets a whole request beyond ``count``. Of a passed one pods get ``count`` requests: the
    last has that request ``line``, ``body`` and these fields, and not those. ``has`` and ``hasnt``
    are field names or ``name: value``, in lower case. With ``ends`` the client half-closes.
    """

    name: str
    sent: bytes
    outcome: Outcome
    statuses: tuple[int, ...] = ()
    count: int = 0
    line: bytes | None = None
    body: bytes | None = None
    has: tuple[bytes, ...] = ()
    hasnt: tuple[bytes, ...] = ()
    ends: bool = False
    closes: bool = False


def refused(name: str, sent: bytes, *statuses: int, ends: bool = False, count: int = 0) -> Vector:
    """Refused, with 400 unless said otherwise."""
    return Vector(name, sent, Outcome.REFUSED, statuses or (400,), count, ends=ends)


def passed(name: str, sent: bytes, *, count: int = 1, **seen: object) -> Vector:
    """Passed on, as ``count`` requests."""
    return Vector(name, sent, Outcome.PASSED, count=count, **seen)  # type: ignore[arg-type]


def either(name: str, sent: bytes, *statuses: int, count: int = 1, **seen: object) -> Vector:
    """Refused with one of the statuses (400), or passed on as said."""
    return Vector(name, sent, Outcome.EITHER, statuses or (400,), count, **seen)  # type: ignore[arg-type]


def head(line: bytes, *fields: bytes) -> bytes:
    """A head with exactly these lines."""
    return b"\r\n".join([line, *fields, b"", b""])


def get(*fields: bytes, target: bytes = b"/x") -> bytes:
    """A GET of a.test with more fields."""
    return head(b"GET %b HTTP/1.1" % target, HOST, *fields)


def post(*fields: bytes, body: bytes = b"hello", version: bytes = b"HTTP/1.1") -> bytes:
    """A POST to a.test with more fields, and these bytes after its head."""
    return head(b"POST /x %b" % version, HOST, *fields) + body


def chunked(body: bytes = HELLO) -> bytes:
    """A POST with the coding chunked, and these bytes after its head."""
    return post(CHUNKED, body=body)
