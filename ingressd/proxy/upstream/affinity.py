"""Which endpoint a client belongs to, from a cookie or its address. Nothing is shared or stored.

Cookies hold a random key or a keyed hash of the endpoint, so every worker and every replica with
the same key agrees, and a pod's address never leaves the cluster.
"""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict
from collections.abc import Iterable
from hashlib import blake2b
from typing import TypeVar

from ingressd.routing.model import Endpoint

_KEY = re.compile(r"[0-9a-f]{32}")
_MASK = (1 << 64) - 1
_MULTIPLIER = 0xFF51AFD7ED558CCD  # of MurmurHash3's 64-bit finaliser

MAX_CLIENTS = 100_000
"""Client addresses that one upstream remembers; the one not seen for longest is forgotten first."""

T = TypeVar("T")


def new_key() -> str:
    """A fresh random key for a cookie: 32 hexadecimal digits."""
    return secrets.token_hex(16)


def is_key(text: str) -> bool:
    """Whether a cookie holds something that we may have set."""
    return _KEY.fullmatch(text) is not None


def endpoint_hash(secret: bytes, endpoint: Endpoint) -> str:
    """What a persistent cookie holds for an endpoint: a keyed hash, 32 hexadecimal digits."""
    return blake2b(str(endpoint).encode(), digest_size=16, key=secret[:64]).hexdigest()


def group_hash(secret: bytes, upstream: str) -> str:
    """What a cookie holds for an upstream, by its key: 16 hexadecimal digits."""
    hashed = blake2b(upstream.encode(), digest_size=8, key=secret[:64], person=b"upstream")
    return hashed.hexdigest()


def seed(text: str) -> int:
    """A 64-bit number for an endpoint, a client or another text, the same in every process."""
    encoded = text.encode("utf-8", "surrogateescape")
    return int.from_bytes(blake2b(encoded, digest_size=8).digest(), "big")


def rendezvous(client: int, choices: Iterable[tuple[int, T]]) -> T | None:
    """Highest random weight (Thaler and Ravishankar, 1998): the choice whose seed mixes highest.

    When a choice goes, only its clients move; when one comes, it takes an equal share of each.
    """
    best, best_weight = None, -1
    for number, choice in choices:
        weight = weight_of(client, number)
        if weight > best_weight:
            best, best_weight = choice, weight
    return best


def weight_of(client: int, number: int) -> int:
    """How high a seed mixes with that of a client: MurmurHash3's 64-bit finaliser, two rounds."""
    weight = (number ^ client) * _MULTIPLIER & _MASK
    return (weight ^ weight >> 33) * _MULTIPLIER & _MASK


class ClientMemory:
    """``sessionAffinity: ClientIP`` of one upstream: where each client address went lately."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[Endpoint, float]] = OrderedDict()

    def recall(self, address: str, now: float, timeout: float) -> Endpoint | None:
        """The endpoint of a client seen within ``timeout`` seconds."""
        entry = self._seen.get(address)
        if entry is None or now - entry[1] > timeout:
            return None
        return entry[0]

    def remember(self, address: str, endpoint: Endpoint, now: float) -> None:
        """The client was sent to ``endpoint`` just now."""
        self._seen[address] = (endpoint, now)
        self._seen.move_to_end(address)
        if len(self._seen) > MAX_CLIENTS:
            self._seen.popitem(last=False)
