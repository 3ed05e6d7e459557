"""The access log: one line for each request, written so that a slow reader never holds up a worker.

Lines gather in memory and leave in whole lines: several workers share one stdout, and a write of up
to PIPE_BUF bytes is never mixed with that of another process.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import select
import stat
import time
from typing import Protocol

import msgspec
from msgspec import Struct

_LOG = logging.getLogger(__name__)

FLUSH_SIZE = 32 * 1024
"""Bytes of new lines after which all are written without waiting for the owner's ``flush``."""

CAPACITY = 1024 * 1024
"""Bytes that wait for a slow reader; lines beyond are dropped, and counted."""


class Entry(Struct, frozen=True, gc=False):
    """One request.

    ``duration`` is seconds, ``bytes_sent`` the size of the answer's body. ``host`` is what the
    client asked for, ``ingress`` is ``namespace/name`` or "", ``service`` the key of the upstream
    that was chosen or "", ``upstream`` the endpoint that answered or "", ``tries`` how many were
    asked.
    """

    remote: str
    method: str
    target: str
    protocol: str
    status: int
    bytes_sent: int
    duration: float
    request_id: str
    host: str
    ingress: str
    service: str
    upstream: str
    tries: int
    user_agent: str
    referer: str


class HasDescriptor(Protocol):
    """A file object, in so far as it matters here."""

    def fileno(self) -> int:
        """The descriptor to write to."""
        ...


class AccessLog:
    """Buffers lines; the owner calls ``flush`` every second or so, and ``close`` at the end.

    ``style`` is "json" or "text"; the latter is nginx's "combined" with our fields behind it.
    """

    def __init__(self, style: str, stream: HasDescriptor) -> None:
        self._format = _Json() if style == "json" else _Text()
        self._sink = _Sink(stream.fileno())
        self._buffer = bytearray()
        self._write_at = FLUSH_SIZE
        self.dropped = 0
        """Lines lost since the start: there was no room for them, or nobody to read them."""
        self._unreported = 0

    def record(self, entry: Entry, now: float) -> None:
        """Add the line of a request that ended at ``now`` (seconds since the epoch)."""
        buffer = self._buffer
        if len(buffer) >= CAPACITY:
            self.dropped += 1
            self._unreported += 1
            return
        self._format.append(buffer, entry, now)
        if len(buffer) >= self._write_at:
            self._write_lines()

    def flush(self) -> None:
        """Write what waits, as far as the reader takes it."""
        if self._unreported and len(self._buffer) < CAPACITY:
            self._format.append_loss(self._buffer, self._unreported, time.time())
            self._unreported = 0
        self._write_lines()

    def close(self) -> None:
        """Write what the reader still takes, and give up the rest."""
        self.flush()
        self._sink.close()

    def _write_lines(self) -> None:
        buffer, is_blocked = self._buffer, False
        while buffer and not is_blocked:
            chunk = _whole_lines(buffer, self._sink.atomic_size)
            written = self._sink.write(chunk)
            if self._sink.is_gone:
                self.dropped += chunk.count(b"\n")
            del buffer[:written]
            is_blocked = written < len(chunk)
        self._write_at = len(buffer) + FLUSH_SIZE


def _whole_lines(buffer: bytearray, size: int) -> bytes:
    """As many of the first lines as fit into ``size`` bytes, but at least one."""
    end = buffer.rfind(b"\n", 0, size) + 1
    return bytes(buffer[: end or buffer.find(b"\n") + 1])


class _Clock:
    """Formats times; what is above a second is formatted once a second."""

    def __init__(self, style: str) -> None:
        self._style = style
        self._second = -1
        self._text = ""

    def format(self, second: int) -> str:
        if second != self._second:
            self._second = second
            self._text = time.strftime(self._style, time.gmtime(second))
        return self._text


class _Json:
    """One JSON object a line; its first member is ``time``, RFC 3339 with milliseconds."""

    def __init__(self) -> None:
        self._clock = _Clock('{"time":"%Y-%m-%dT%H:%M:%S')
        self._encoder = msgspec.json.Encoder()

    def append(self, buffer: bytearray, entry: Entry, now: float) -> None:
        self._append(buffer, entry, now)

    def append_loss(self, buffer: bytearray, lines: int, now: float) -> None:
        self._append(buffer, {"dropped": lines, "message": _LOSS}, now)

    def _append(self, buffer: bytearray, members: Entry | dict[str, object], now: float) -> None:
        second = int(now)
        buffer += f'{self._clock.format(second)}.{int((now - second) * 1000):03d}Z"'.encode()
        start = len(buffer)
        try:
            self._encoder.encode_into(members, buffer, start)
        except UnicodeEncodeError:  # bytes that are not UTF-8 travel as lone surrogates
            self._encoder.encode_into(_readable(members), buffer, start)
        if _UNSAFE_UTF8.search(buffer, start):
            buffer[start:] = _UNSAFE_UTF8.sub(_escape_utf8, buffer[start:])
        buffer[start] = 0x2C  # the opening brace becomes the comma behind ``time``
        buffer += b"\n"


class _Text:
    """nginx's "combined", then seconds, host, ingress, service, upstream, tries and request id."""

    def __init__(self) -> None:
        self._clock = _Clock("%d/%b/%Y:%H:%M:%S +0000")

    def append(self, buffer: bytearray, entry: Entry, now: float) -> None:
        line = (
            f"{entry.remote} - - [{self._clock.format(int(now))}] "
            f'"{_quoted(entry.method)} {_quoted(entry.target)} {entry.protocol}" '
            f'{entry.status} {entry.bytes_sent} "{_quoted(entry.referer) or "-"}" '
            f'"{_quoted(entry.user_agent) or "-"}" {entry.duration:.3f} '
            f'"{_quoted(entry.host) or "-"}" [{entry.ingress or "-"}] '
            f"{entry.service or '-'} {entry.upstream or '-'} "
            f"{entry.tries} {_quoted(entry.request_id) or '-'}\n"
        )
        buffer += line.encode("utf-8", "backslashreplace")

    def append_loss(self, buffer: bytearray, lines: int, now: float) -> None:
        buffer += f"- - - [{self._clock.format(int(now))}] {lines} {_LOSS}\n".encode()


_LOSS = "lines were dropped: the reader of the access log is too slow"

# What could end a line or a quoted field, or make a terminal or a log viewer do something.
_UNSAFE = re.compile('[\x00-\x1f"\\\\\x7f-\x9f\u2028\u2029]')


# The same beyond what JSON demands to be escaped: DEL, the C1 controls, and two line separators.
_UNSAFE_UTF8 = re.compile(b"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]")


def _quoted(text: str) -> str:
    """The text with what is unsafe between quotes as ``\\xHH`` (as nginx does) or ``\\uHHHH``."""
    return _UNSAFE.sub(_escape, text) if _UNSAFE.search(text) else text


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}"


def _escape_utf8(found: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % ord(found[0].decode())


def _readable(members: Entry | dict[str, object]) -> dict[str, object]:
    """The members with lone surrogates spelled out."""
    return {
        name: value.encode("utf-8", "backslashreplace").decode()
        if isinstance(value, str)
        else value
        for name, value in msgspec.to_builtins(members).items()
    }


class _Sink:
    """Writes to a descriptor and never waits, and leaves it as it is for those who share it.

    O_NONBLOCK belongs to the open file, which stdout shares with the supervisor and the terminal.
    So a pipe or a terminal is opened a second time; what cannot be (a socket, another user's pipe)
    is asked with ``poll`` first. A regular file makes nobody wait, and has one offset for all.
    """

    def __init__(self, descriptor: int) -> None:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        self.atomic_size = FLUSH_SIZE if is_file else select.PIPE_BUF
        """Bytes that one write puts down without those of another process between them."""
        reopened = None if is_file else _reopen(descriptor)
        self._descriptor = os.dup(descriptor) if reopened is None else reopened
        self._must_ask = reopened is None and not is_file
        self._is_failing = False
        self.is_gone = False
        """Whether there is nobody left to read what is written."""

    def write(self, chunk: bytes) -> int:
        """How many bytes were taken: none by a disk that is full, which may have room later.

        Where the reader is gone that is all of them.
        """
        try:
            taken = self._take(chunk)
        except BlockingIOError:
            return 0
        except OSError as error:
            self.is_gone = error.errno == errno.EPIPE
            self._complain(error)
            return len(chunk) if self.is_gone else 0
        self._is_failing = False
        return taken

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._descriptor)

    def _take(self, chunk: bytes) -> int:
        if not self._must_ask:
            return os.write(self._descriptor, chunk)
        return os.write(self._descriptor, chunk[: select.PIPE_BUF]) if self._has_room() else 0

    def _has_room(self) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        return bool(poll.poll(0))

    def _complain(self, error: OSError) -> None:
        if not self._is_failing:
            reason = "its reader is gone" if self.is_gone else str(error)
            _LOG.error("the access log cannot be written: %s", reason)
        self._is_failing = True


def _reopen(descriptor: int) -> int | None:
    """Our own, non-blocking descriptor of the same pipe or terminal; None where not permitted."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        return os.open(f"/proc/self/fd/{descriptor}", flags)
    except OSError:
        return None
