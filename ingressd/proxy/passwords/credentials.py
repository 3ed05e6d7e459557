"""What a client says who it is (RFC 7617 section 2)."""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from typing import NamedTuple

MOST_CREDENTIALS = 2048
"""Characters behind "Basic ", which are three quarters as many bytes."""


class Credentials(NamedTuple):
    """A user and a password, as bytes: their charset is left to those who made the hash. ``repr``
    shows neither."""

    user: bytes
    password: bytes

    def __repr__(self) -> str:
        return "Credentials()"


def read_credentials(raw_headers: Sequence[tuple[bytes, bytes]]) -> Credentials | None:
    """The credentials of a request; None where there are none, or none that can be meant."""
    fields = [value for name, value in raw_headers if name.lower() == b"authorization"]
    if len(fields) != 1:
        return None
    scheme, _, encoded = fields[0].partition(b" ")
    decoded = _decoded(encoded.strip(b" ")) if scheme.lower() == b"basic" else b""
    user, colon, password = decoded.partition(b":")
    return Credentials(user, password) if user and colon else None


def _decoded(encoded: bytes) -> bytes:
    """b"" for what is no Base64, or holds NUL, where others would see the end of a password.
    Padding may be missing, as with nginx."""
    if len(encoded) > MOST_CREDENTIALS:
        return b""
    bare = encoded.rstrip(b"=")
    try:
        decoded = binascii.a2b_base64(bare + b"=" * (-len(bare) % 4), strict_mode=True)
    except binascii.Error:
        return b""
    return b"" if b"\0" in decoded else decoded
