"""Read the header by which a load balancer tells whose connection it passes on.

HAProxy's proxy-protocol.txt, version 1 (section 2.1, a line of text) and 2 (section 2.2, binary).
Nothing here does I/O, and no bytes whatever make it raise.
"""

from __future__ import annotations

import re
import struct
from typing import TypeAlias

from msgspec import Struct

from ingressd.proxy.client.client_hello import NeedMore
from ingressd.routing.networks import canonical_address

MAX_LINE = 107
"""Bytes of a header of version 1, with its CR LF."""

MAX_SIZE = 4096
"""Bytes of a header of version 2, with all that it says beside the addresses."""

_LINE_START = b"PROXY "
_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_PORT = rb"(0|[1-9][0-9]{0,4})"
_LINE = re.compile(
    rb"PROXY (?:UNKNOWN(?: [^\r\n]*)?"
    rb"|(TCP4|TCP6) ([0-9A-Fa-f:.]+) ([0-9A-Fa-f:.]+) " + _PORT + b" " + _PORT + rb")\r\n"
)
_HIGHEST_PORT = 65535

_FIXED = struct.Struct("!12sBBH")  # signature, version and command, family and transport, length
_VERSION = 2
_LOCAL, _PROXY = range(2)
_UNSPECIFIED, _INET, _INET6, _UNIX = range(4)
_STREAM, _DATAGRAM = 1, 2
_ADDRESSES = {_UNSPECIFIED: 0, _INET: 12, _INET6: 36, _UNIX: 216}  # bytes


class ProxyHeader(Struct, frozen=True):
    """What a header says. It takes up the first ``size`` bytes of the connection.

    ``source`` is the client's address, "" where the header names none that concerns us: then the
    connection is the sender's own (a health check), or its origin is unknown.
    ``destination_port`` is the port that the client connected to, 0 without ``source``.
    """

    size: int
    source: str = ""
    destination_port: int = 0


class NotProxied(Struct, frozen=True):
    """The bytes cannot be, or become, a header."""

    reason: str


Outcome: TypeAlias = ProxyHeader | NeedMore | NotProxied


def parse_proxy_header(peeked: bytes) -> Outcome:
    """Read the header that ``peeked`` begins with."""
    if _SIGNATURE.startswith(peeked[:12]):
        return _binary(peeked) if len(peeked) >= _FIXED.size else NeedMore(_FIXED.size)
    if _LINE_START.startswith(peeked[:6]):
        return _line(peeked)
    return NotProxied("it does not begin with a PROXY header")


def _line(peeked: bytes) -> Outcome:
    line, end, _ = peeked[:MAX_LINE].partition(b"\n")
    if not end:
        too_long = NotProxied("its PROXY line is too long")
        return NeedMore(len(peeked) + 1) if len(peeked) < MAX_LINE else too_long
    size = len(line) + 1
    fields = _LINE.fullmatch(line + end)
    if fields is None:
        return NotProxied("its PROXY line is malformed")
    if fields[1] is None:
        return ProxyHeader(size)
    separator = "." if fields[1] == b"TCP4" else ":"
    written = [fields[2].decode(), fields[3].decode()]
    addresses = [canonical_address(text) for text in written if _is_written_with(separator, text)]
    ports = [int(fields[4]), int(fields[5])]
    if len(addresses) < 2 or None in addresses or max(ports) > _HIGHEST_PORT:
        return NotProxied("its PROXY line has an invalid address or port")
    return ProxyHeader(size, addresses[0] or "", ports[1])


def _is_written_with(separator: str, address: str) -> bool:
    return (":" in address) == (separator == ":")


def _binary(peeked: bytes) -> Outcome:
    _, version_command, family_transport, length = _FIXED.unpack_from(peeked)
    size = _FIXED.size + length
    if reason := _refuse(version_command, family_transport, length):
        return NotProxied(reason)
    if len(peeked) < size:
        return NeedMore(size)
    family, transport = divmod(family_transport, 16)
    if version_command % 16 == _LOCAL or transport != _STREAM or family not in (_INET, _INET6):
        return ProxyHeader(size)
    addresses = peeked[_FIXED.size : _FIXED.size + _ADDRESSES[family]]
    width = (len(addresses) - 4) // 2
    return ProxyHeader(size, _address(addresses[:width]), int.from_bytes(addresses[-2:]))


def _refuse(version_command: int, family_transport: int, length: int) -> str:
    """Why the fixed part is invalid; "" if it is not. LOCAL says nothing about addresses."""
    version, command = divmod(version_command, 16)
    family, transport = divmod(family_transport, 16)
    if version != _VERSION:
        return "its PROXY header has an unknown version"
    if command not in (_LOCAL, _PROXY):
        return "its PROXY header has an unknown command"
    if _FIXED.size + length > MAX_SIZE:
        return "its PROXY header is too large"
    if command == _LOCAL:
        return ""
    if family not in _ADDRESSES or transport > _DATAGRAM:
        return "its PROXY header has an unknown family or transport"
    if length < _ADDRESSES[family]:
        return "its PROXY header is shorter than its addresses"
    return ""


def _address(packed: bytes) -> str:
    """The text of four or sixteen bytes."""
    if len(packed) == 4:
        return ".".join(map(str, packed))
    groups = struct.unpack("!8H", packed)
    return canonical_address(":".join(f"{group:x}" for group in groups)) or ""
