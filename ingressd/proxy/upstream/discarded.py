"""An answer that nobody wants, read to its end so that its connection can be used again."""

from __future__ import annotations

from collections.abc import Callable

from ingressd.proxy.upstream.receiver import Failure
from ingressd.proxy.upstream.response_head import ResponseHead

DISCARD_UP_TO = 64 * 1024
"""Bytes of an answer that cost less to read than a new connection costs."""

READS = 8
"""How often is read for that."""


class Discarded:
    """The receiver of such an answer, from behind its head. ``give_up`` drops the connection."""

    __slots__ = ("_give_up", "_left", "_reads")

    is_head = wants_upgrade = False
    read_timeout = tunnel_timeout = 1.0
    largest_head = 0

    def __init__(self, give_up: Callable[[], None]) -> None:
        self._give_up = give_up
        self._left = DISCARD_UP_TO
        self._reads = READS

    def asked_for(self, protocol: bytes) -> bool:
        """Nothing is asked for any more."""
        return False

    def on_head(self, head: ResponseHead) -> None:
        """It has come before."""

    def on_body(self, data: bytes | memoryview) -> None:
        """Count it."""
        self._left -= len(data)

    def on_flush(self) -> None:
        """One read more, and no end yet."""
        self._reads -= 1
        if self._left < 0 or not self._reads:
            self._give_up()

    def on_end(self, trailers: list[tuple[bytes, bytes]]) -> None:
        """The connection is free."""

    def on_switch(self, head: ResponseHead, protocol: bytes) -> None:
        """Nothing is asked for any more."""

    def on_failure(self, failure: Failure) -> None:
        """Nobody minds."""

    def outlasts(self, blame: Failure) -> bool:
        """It has had its time."""
        return False

    def on_writable(self) -> None:
        """Nothing is left to write."""

    def on_full(self) -> None:
        """Nothing is left to write."""
