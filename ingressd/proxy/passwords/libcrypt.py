"""``crypt(3)`` of the C library, which nginx calls too.

Python had a module for it until 3.12. While it works other threads run, which is why it is called
and not one of the implementations in Python: those would make every request wait.
"""

from __future__ import annotations

import ctypes
import logging
from functools import lru_cache
from typing import Any

_LOG = logging.getLogger(__name__)

_NAMES = ("libcrypt.so.1", "libcrypt.so.2", None)  # None: musl has it in its C library
_WORKSPACE = 1 << 18  # bytes, of which glibc's own uses 131,232, the largest of all


def crypt(password: bytes, hashed: bytes) -> bytes:
    """The hash of a password with the salt and the form of another one; b"" where the library does
    not know that form, or there is no library."""
    crypt_r = _library()
    if crypt_r is None:
        return b""
    made: bytes | None = crypt_r(password, hashed, ctypes.create_string_buffer(_WORKSPACE))
    return made or b""


@lru_cache(maxsize=1)
def _library() -> Any:
    for name in _NAMES:
        try:
            found = ctypes.CDLL(name).crypt_r
        except (OSError, AttributeError):  # no such library, no such function
            continue
        found.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)
        found.restype = ctypes.c_char_p
        return found
    _LOG.error("there is no libcrypt: no password can be checked but {PLAIN}, {SHA}, and apr1")
    return None
