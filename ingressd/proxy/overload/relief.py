"""What a worker does when its memory runs out: it refuses what is new, closes what waits, and gives
back what can be done without. Nothing that is under way is cut.
"""

from __future__ import annotations

import gc

from ingressd.heap import trim
from ingressd.proxy.client.connection import ClientConnection
from ingressd.proxy.client.front import Front
from ingressd.proxy.client.passthrough import Passthrough
from ingressd.proxy.handler import Handler
from ingressd.proxy.inquiry.inquiries import Inquiries
from ingressd.proxy.overload.guard import USUAL_CONNECTION
from ingressd.proxy.upstream.pool import Pool

CLOSED_AT_ONCE = 128
"""Idle connections that are closed each time: everybody else waits for that."""

IDLE_SECONDS = 1.0
"""After which a connection is closed for it. Others learn with their next request why they are."""

_YOUNG = 1  # generations up to this one: with the oldest, 5,000 connections would take 0.1 s

MOST_HELD = 1024 * 1024
"""Bytes that the buffers of one client and its pod take together, at most: what was read and not
passed on, twice, what a side is too slow for, and TLS. Those that a route sets come on top."""


class Relief:
    """Acts on the parts of a data plane that clients can fill.

    Not on readiness: under the same load all replicas would leave their Service together, and the
    last one would get it all.
    """

    def __init__(
        self,
        handler: Handler,
        front: Front,
        passthrough: Passthrough,
        pool: Pool,
        inquiries: Inquiries,
    ) -> None:
        self._handler = handler
        self._front = front
        self._passthrough = passthrough
        self._pool = pool
        self._inquiries = inquiries

    def begin(self) -> None:
        """Refuse requests from now on, and give back."""
        self._shed(True)
        self._pool.close_idle()
        self._inquiries.memory.clear()
        gc.collect(_YOUNG)

    def go_on(self) -> None:
        """Close some of the connections that wait for a request, and give back what went."""
        self._front.close_longest_idle(CLOSED_AT_ONCE, IDLE_SECONDS)
        trim()

    def end(self) -> None:
        """Serve again."""
        self._shed(False)

    def held(self) -> int:
        """Bytes that clients may hold, at most: what is in use beyond that is our own."""
        busy = self._front.busy_connections()
        waiting = len(self._front.client_connections()) - len(busy)
        others = USUAL_CONNECTION * waiting + MOST_HELD * self._passthrough.pairs
        return others + sum(map(_held, busy))

    def _shed(self, sheds: bool) -> None:
        self._handler.shed(sheds)
        self._passthrough.is_shedding = sheds


def _held(connection: ClientConnection) -> int:
    request = connection.request
    if request is None or request.route is None:
        return MOST_HELD
    buffering = request.route.policy.buffering
    return MOST_HELD + buffering.request_memory + buffering.answer_memory
