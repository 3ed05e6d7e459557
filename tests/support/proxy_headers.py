"""PROXY headers as load balancers send them."""

from __future__ import annotations

import struct
from ipaddress import ip_address

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
CLIENT, SERVER = "203.0.113.7", "198.51.100.1"
"""Addresses for documentation (RFC 5737)."""


def line(source: str = CLIENT, port: int = 80, destination: str = SERVER) -> bytes:
    """A header of version 1; ``port`` is what the client connected to."""
    family = "TCP6" if ":" in source else "TCP4"
    return f"PROXY {family} {source} {destination} 51234 {port}\r\n".encode()


def binary(
    source: str = CLIENT, port: int = 80, destination: str = SERVER, *, more: bytes = b""
) -> bytes:
    """A header of version 2 (PROXY, STREAM); ``more`` are its TLVs."""
    packed = ip_address(source).packed, ip_address(destination).packed
    addresses = b"".join(packed) + struct.pack("!HH", 51234, port)
    return frame(0x21, 0x11 if len(packed[0]) == 4 else 0x21, addresses + more)


def frame(version_command: int, family_transport: int, rest: bytes) -> bytes:
    """A header of version 2 with anything in it."""
    return SIGNATURE + struct.pack("!BBH", version_command, family_transport, len(rest)) + rest
