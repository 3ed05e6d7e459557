"""Which numbers stand for the clients of an Ingress in tables of a fixed size."""

from __future__ import annotations

from hashlib import blake2b
from struct import Struct
from typing import NamedTuple

_NUMBERS = Struct("=QQ")
_LONGEST_SECRET = blake2b.MAX_KEY_SIZE


class Key(NamedTuple):
    """``fingerprint`` is what one client is known by, never 0; ``position`` where to look."""

    fingerprint: int
    position: int


class KeyMaker:
    """Makes the keys of the clients of one Ingress (``namespace/name``).

    The hash is keyed, so that nobody can choose addresses that are in each other's way.
    """

    def __init__(self, ingress: str, secret: bytes) -> None:
        self._hash = blake2b(
            b"%b\n" % ingress.encode(), digest_size=_NUMBERS.size, key=secret[:_LONGEST_SECRET]
        )

    def __call__(self, address: str) -> Key:
        """The key of an address."""
        made = self._hash.copy()
        made.update(address.encode())
        fingerprint, position = _NUMBERS.unpack(made.digest())
        return Key(fingerprint | 1, position)
