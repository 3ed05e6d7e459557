"""Whether a password belongs to a hash, in each form that :mod:`ingressd.routing.users` lets in."""

from __future__ import annotations

import binascii
import hashlib
from hmac import compare_digest

from ingressd.proxy.passwords import apr1, libcrypt

_PLAIN, _SHA, _SSHA = b"{PLAIN}", b"{SHA}", b"{SSHA}"
_SHA1_BYTES = 20


def is_password_of(password: bytes, hashed: bytes) -> bool:
    """Takes microseconds to a second, and as long for a wrong password as for the right one."""
    if hashed.startswith(_PLAIN):
        return compare_digest(password, hashed.removeprefix(_PLAIN))
    if hashed.startswith(_SHA):
        return _is_sha(password, hashed.removeprefix(_SHA))
    if hashed.startswith(_SSHA):
        return _is_sha(password, hashed.removeprefix(_SSHA))
    make = apr1.apr1 if hashed.startswith(apr1.PREFIX) else libcrypt.crypt
    return compare_digest(make(password, hashed), hashed)


def _is_sha(password: bytes, encoded: bytes) -> bool:
    """What stands behind the digest is salt."""
    try:
        decoded = binascii.a2b_base64(encoded, strict_mode=True)
    except binascii.Error:
        return False
    digest, salt = decoded[:_SHA1_BYTES], decoded[_SHA1_BYTES:]
    made = hashlib.sha1(password + salt, usedforsecurity=False).digest()
    return compare_digest(made, digest)
