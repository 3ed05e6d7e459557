"""Decisions that need not be asked for again: the least recently used ones go first."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b

import msgspec

from ingressd.proxy.inquiry.decision import Decision
from ingressd.routing.model import Route
from ingressd.routing.policy import ExternalAuth

CAPACITY = 8 * 1024 * 1024  # bytes
LARGEST = 16 * 1024  # bytes of one decision


class DecisionMemory:
    """Owner of the worker's decisions. Times are seconds of any one clock."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._size = 0
        self._kept: OrderedDict[bytes, tuple[Decision, float]] = OrderedDict()

    def find(self, key: bytes, now: float) -> Decision | None:
        """The decision under a key, unless its time is over."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        decision, until = kept
        if until <= now:
            self._forget(key)
            return None
        self._kept.move_to_end(key)
        return decision

    def keep(self, key: bytes, decision: Decision, until: float) -> None:
        """Remember a decision, if it is not too large."""
        self._forget(key)
        if decision.size > LARGEST:
            return
        self._kept[key] = (decision, until)
        self._size += decision.size
        while self._size > self._capacity:
            self._forget(next(iter(self._kept)))

    def clear(self) -> None:
        """Forget every decision."""
        self._kept.clear()
        self._size = 0

    def _forget(self, key: bytes) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._size -= kept[0].size


class KeyMaker:
    """Makes the keys of one route's decisions: nobody else's are the same, nor its own after what
    is asked has changed."""

    def __init__(self, route: Route, auth: ExternalAuth) -> None:
        about = (route.host, route.path, route.kind, auth)
        self._begun = blake2b(msgspec.msgpack.encode(about), digest_size=16)

    def key(self, host: str, text: str) -> bytes:
        """The key for a rendered text; of a wildcard each host has its own."""
        digest = self._begun.copy()
        digest.update(f"{host}\n{text}".encode("utf-8", "surrogateescape"))
        return digest.digest()
