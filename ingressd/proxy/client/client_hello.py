"""Read a TLS ClientHello from the first bytes of a connection, without consuming them.

The TLS context has to be chosen before the handshake starts: OpenSSL's SNI callback switches only
the certificate. Nothing here does I/O, and no bytes whatever make it raise.
"""

from __future__ import annotations

import re
import struct
from typing import TypeAlias

from msgspec import Struct

MAX_SIZE = 16 * 1024
"""Bytes, records included. Browsers send 0.5-2 KiB, post-quantum key shares included."""

_RECORD_HEADER = 5
_MAX_FRAGMENT = 1 << 14  # RFC 8446 5.1
_HANDSHAKE_RECORD = 22
_CLIENT_HELLO = 1
_HANDSHAKE_HEADER = 4
_LEGACY_VERSION = 2
_RANDOM = 32

_EXTENSION_HEADER = struct.Struct("!HH")  # type, length
_SERVER_NAME = 0
_HOST_NAME = 0

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DNS_NAME = re.compile(rf"(?:{_LABEL}\.)*(?![0-9]+\Z){_LABEL}", re.ASCII)
_MAX_NAME = 253


class ClientHello(Struct, frozen=True):
    """What a client asks for.

    ``server_name`` is lower case, with no trailing dot, and None where it is missing or not a DNS
    name (RFC 6066 section 3).
    """

    server_name: str | None = None


class NeedMore(Struct, frozen=True):
    """The bytes are the beginning of a ClientHello. ``size`` bytes are needed for the next look."""

    size: int


class NotTls(Struct, frozen=True):
    """The bytes cannot be, or become, a ClientHello that we read."""

    reason: str


Outcome: TypeAlias = ClientHello | NeedMore | NotTls


def parse_client_hello(peeked: bytes) -> Outcome:
    """Read the ClientHello that ``peeked`` begins with (RFC 8446 4.1.2, RFC 5246 7.4.1.2)."""
    outcome = _handshake_message(peeked)
    if isinstance(outcome, NeedMore) and outcome.size > MAX_SIZE:
        return NotTls("the ClientHello is too large")
    if not isinstance(outcome, bytes):
        return outcome
    try:
        return _client_hello(_Reader(outcome))
    except _TruncatedError:
        return NotTls("the ClientHello is malformed")


def _handshake_message(peeked: bytes) -> bytes | NeedMore | NotTls:
    """Body of the first handshake message, put together from as many records as it takes."""
    message = b""
    position = 0
    while True:
        header = peeked[position : position + _RECORD_HEADER]
        if reason := _refuse_record(header):
            return NotTls(reason)
        if len(header) < _RECORD_HEADER:
            return NeedMore(position + _RECORD_HEADER)
        end = position + _RECORD_HEADER + int.from_bytes(header[3:5])
        message += peeked[position + _RECORD_HEADER : end]
        if message[:1] not in (b"", b"\x01"):
            return NotTls("the first handshake message is not a ClientHello")
        if len(message) >= _HANDSHAKE_HEADER:
            size = _HANDSHAKE_HEADER + int.from_bytes(message[1:_HANDSHAKE_HEADER])
            if size > MAX_SIZE:
                return NotTls("the ClientHello is too large")
            if len(message) >= size:
                return message[_HANDSHAKE_HEADER:size]
        if end > len(peeked):
            return NeedMore(end)
        position = end


def _refuse_record(header: bytes) -> str:
    """Why the header, or what there is of it, starts no handshake record; "" if it does."""
    if header[:1] not in (b"", b"\x16"):
        return "the first record is not a handshake"
    if header[1:2] not in (b"", b"\x03"):
        return "the record has an unknown version"
    if len(header) == _RECORD_HEADER and not 0 < int.from_bytes(header[3:5]) <= _MAX_FRAGMENT:
        return "the record has an impossible length"
    return ""


def _client_hello(body: _Reader) -> ClientHello:
    body.take(_LEGACY_VERSION + _RANDOM)
    body.vector(1)  # legacy_session_id
    body.vector(2)  # cipher_suites
    body.vector(1)  # legacy_compression_methods
    extensions = b"" if body.is_empty else body.vector(2)
    return ClientHello(_server_name(_find_extension(extensions, _SERVER_NAME)))


def _find_extension(extensions: bytes, wanted: int) -> bytes:
    """The first extension of a type, b"" if there is none; OpenSSL will refuse a second one.

    All are walked through: what does not add up is no ClientHello.
    """
    found = b""
    position, end = 0, len(extensions)
    while position < end:
        if position + _EXTENSION_HEADER.size > end:
            raise _TruncatedError
        kind, size = _EXTENSION_HEADER.unpack_from(extensions, position)
        position += _EXTENSION_HEADER.size
        if kind == wanted and not found:
            found = extensions[position : position + size]
        position += size
    if position > end:
        raise _TruncatedError
    return found


def _server_name(extension: bytes) -> str | None:
    if not extension:
        return None
    entries = _Reader(_Reader(extension).vector(2))
    while not entries.is_empty:
        kind = entries.integer(1)
        name = entries.vector(2)
        if kind == _HOST_NAME:
            return _dns_name(name)
    return None


def _dns_name(raw: bytes) -> str | None:
    name = raw.decode("ascii", "replace").lower().removesuffix(".")
    return name if len(name) <= _MAX_NAME and _DNS_NAME.fullmatch(name) else None


class _TruncatedError(Exception):
    """A length in the message points past its end."""


class _Reader:
    """Takes fields off the front of a message."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = 0

    @property
    def is_empty(self) -> bool:
        return self._position >= len(self._content)

    def take(self, size: int) -> bytes:
        taken = self._content[self._position : self._position + size]
        if len(taken) < size:
            raise _TruncatedError
        self._position += size
        return taken

    def integer(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def vector(self, length_size: int) -> bytes:
        """A field that says its own length first."""
        return self.take(self.integer(length_size))
