"""The hash that ``htpasswd -m`` writes: MD5, a thousand times (Apache's ``apr_md5_encode``).

It is md5-crypt under another name; the C library knows only the original. Being Python, it keeps
the event loop from running, so it rests now and then.
"""

from __future__ import annotations

import time
from hashlib import md5

PREFIX = b"$apr1$"

_ROUNDS = 1000
_ROUNDS_AT_A_TIME = 50  # 0.05 ms
_REST = 0.00001  # seconds, of which the kernel makes more
_DIGITS = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TRIPLES = ((0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5))
_LAST = 11  # the byte of the digest that is in no triple


def apr1(password: bytes, hashed: bytes) -> bytes:
    """The hash of a password with the salt of another hash."""
    salt = hashed.removeprefix(PREFIX).partition(b"$")[0][:8]
    digest = _first(password, salt)
    for number in range(_ROUNDS):
        if not number % _ROUNDS_AT_A_TIME:
            time.sleep(_REST)
        mixed = password if number & 1 else digest
        if number % 3:
            mixed += salt
        if number % 7:
            mixed += password
        mixed += digest if number & 1 else password
        digest = md5(mixed, usedforsecurity=False).digest()
    return b"%b%b$%b" % (PREFIX, salt, _encoded(digest))


def _first(password: bytes, salt: bytes) -> bytes:
    inner = md5(password + salt + password, usedforsecurity=False).digest()
    length = len(password)
    mixed = password + PREFIX + salt + (inner * (length // 16 + 1))[:length]
    for bit in range(length.bit_length()):
        mixed += b"\0" if length >> bit & 1 else password[:1]
    return md5(mixed, usedforsecurity=False).digest()


def _encoded(digest: bytes) -> bytes:
    """22 digits, of 6 bits each, the lowest ones first."""
    numbers = [digest[a] << 16 | digest[b] << 8 | digest[c] for a, b, c in _TRIPLES]
    digits = [_DIGITS[number >> shift & 63] for number in numbers for shift in (0, 6, 12, 18)]
    last = digest[_LAST]
    return bytes((*digits, _DIGITS[last & 63], _DIGITS[last >> 6]))
