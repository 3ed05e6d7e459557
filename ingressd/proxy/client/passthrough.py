"""TLS connections that go to a pod as they come: bytes both ways, each side held back by the other.

Of such a connection only the greeting is read, for the name that it asks for.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import cast

from ingressd.proxy.client.client_hello import ClientHello
from ingressd.proxy.client.listener import Welcome
from ingressd.proxy.clock import Clock
from ingressd.proxy.current_table import CurrentTable
from ingressd.proxy.observing.metrics import Metrics, count
from ingressd.proxy.upstream.endpoint import NameResolver, PooledEndpoint
from ingressd.proxy.upstream.endpoints import AGAIN_SECONDS, PooledUpstream
from ingressd.proxy.upstream.pool import Pool
from ingressd.routing.passthrough import upstream_behind

IDLE_TIMEOUT = 600.0
"""Seconds without a byte either way (nginx ``proxy_timeout``, ingress-nginx's default)."""

CONNECT_TIMEOUT = 5.0
TRIES = 3


class Passthrough:
    """Owner of these connections of a worker."""

    def __init__(
        self,
        current: CurrentTable,
        pool: Pool,
        resolver: NameResolver,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._current = current
        self._pool = pool
        self._resolver = resolver
        self._clock = clock
        self._metrics = metrics
        self._pairs: set[Pair] = set()
        self._one_left = asyncio.Event()
        self.is_shedding = False
        """Whether those that come are refused: memory runs out."""

    @property
    def pairs(self) -> int:
        """Connections that are open."""
        return len(self._pairs)

    def welcome(self, hello: ClientHello) -> Welcome | None:
        """What takes the connection of a client with this greeting; None where TLS ends here."""
        key = upstream_behind(hello.server_name, self._current.table)
        return None if key is None else partial(self._join, key)

    async def finish(self, grace: float) -> None:
        """Wait ``grace`` seconds at most until every connection has ended, then end the rest."""
        deadline = self._clock.loop.time() + grace
        while self._pairs and (left := deadline - self._clock.loop.time()) > 0:
            self._one_left.clear()
            try:
                async with asyncio.timeout(left):
                    await self._one_left.wait()
            except TimeoutError:
                break
        for pair in list(self._pairs):
            pair.abort()

    def begin(self, pair: Pair) -> None:
        """One more."""
        self._pairs.add(pair)
        self._clock.watch(pair)
        self._metrics.client_connections += 1
        self._metrics.open_connections += 1
        self._metrics.passthrough_connections += 1

    def end(self, pair: Pair) -> None:
        """One less."""
        self._pairs.discard(pair)
        self._clock.unwatch(pair)
        self._metrics.open_connections -= 1
        self._one_left.set()

    async def _join(self, key: str, client: socket.socket) -> None:
        """Connect a client with a pod. Raises OSError where there is none."""
        if self.is_shedding:
            self._metrics.shed += 1
            raise ConnectionRefusedError("memory runs out")
        pair = Pair(self, self._clock)
        upstream = self._pool.get(key)
        if upstream is None:
            raise ConnectionRefusedError("there is nobody to take the TLS connection")
        await self._reach(upstream, pair)
        try:
            await self._clock.loop.connect_accepted_socket(lambda: pair.client, client)
        except BaseException:
            pair.abort()
            raise

    async def _reach(self, upstream: PooledUpstream, pair: Pair) -> None:
        """Connect to one of its endpoints."""
        key, tried = upstream.upstream.key, list[PooledEndpoint]()
        for _ in range(TRIES):
            pooled = upstream.next_endpoint(tried)
            if pooled in tried:  # others may be on their way, as a pod's end is told after it
                pooled = await _another(upstream, tried)
            if pooled is None:
                break
            tried.append(pooled)
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT):
                    await self._connect(pooled, pair, is_name=upstream.upstream.external)
            except OSError:  # TimeoutError is one
                pooled.avoid()
                count(self._metrics.upstream_connect_failures, key)
            else:
                pooled.avoid_until = 0.0
                count(self._metrics.upstream_connects, key)
                return
        raise ConnectionRefusedError("no endpoint takes the TLS connection")

    async def _connect(self, pooled: PooledEndpoint, pair: Pair, *, is_name: bool) -> None:
        address = pooled.endpoint.address
        *others, last = await self._resolver.resolve(address) if is_name else (address,)
        for each in others:
            with suppress(OSError):  # the next address of the same name may answer
                async with asyncio.timeout(CONNECT_TIMEOUT / (len(others) + 1)):
                    await self._connect_one(each, pooled, pair)
                    return
        await self._connect_one(last, pooled, pair)

    async def _connect_one(self, address: str, pooled: PooledEndpoint, pair: Pair) -> None:
        await self._clock.loop.create_connection(lambda: pair.pod, address, pooled.endpoint.port)


async def _another(
    upstream: PooledUpstream, tried: Sequence[PooledEndpoint]
) -> PooledEndpoint | None:
    """An endpoint that was not tried; None where none comes in time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(AGAIN_SECONDS):
            while (pooled := upstream.next_endpoint(tried)) is None or pooled in tried:
                await upstream.changed()
            return pooled
    return None


class Pair:
    """A client's connection and the pod's. ``deadline`` is the clock's."""

    def __init__(self, owner: Passthrough, clock: Clock) -> None:
        self._owner = owner
        self._clock = clock
        self._is_open = False
        self.deadline = 0.0
        self.client, self.pod = Half(self), Half(self)
        self.client.other, self.pod.other = self.pod, self.client

    def touch(self) -> None:
        """Bytes have come."""
        self.deadline = self._clock.now + IDLE_TIMEOUT

    def expire(self) -> None:
        """Nobody has said anything for too long (the clock)."""
        self.abort()

    def on_made(self, half: Half) -> None:
        """A half is there: the pod's waits for that of the client."""
        if half is self.pod:
            half.hold()
            return
        self._is_open = True
        self.touch()
        self._owner.begin(self)
        self.pod.release()

    def on_lost(self, half: Half, error: Exception | None) -> None:
        """A half is gone: the other one gets what was sent, or learns that something is missing."""
        other = half.other
        if error is not None:
            other.abort()
        else:
            other.close()
        if self._is_open:
            self._is_open = False
            self._owner.end(self)

    def abort(self) -> None:
        """End both."""
        self.client.abort()
        self.pod.abort()


class Half(asyncio.Protocol):
    """One of the two connections."""

    other: Half

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._transport: asyncio.Transport | None = None
        self._has_ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is there."""
        self._transport = cast(asyncio.Transport, transport)
        self._pair.on_made(self)

    def data_received(self, data: bytes) -> None:
        """Bytes for the other side."""
        self._pair.touch()
        self.other.write(data)

    def eof_received(self) -> bool:
        """This side has said all; the other may go on until it has, too."""
        self._has_ended = True
        if self.other._has_ended:
            return False
        self.other.write_eof()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._transport = None
        self._pair.on_lost(self, exc)

    def pause_writing(self) -> None:
        """This side reads slowly: the other one is held back."""
        self.other.hold()

    def resume_writing(self) -> None:
        """This side has caught up."""
        self.other.release()

    def write(self, data: bytes) -> None:
        """Send it."""
        if self._transport is not None:
            self._transport.write(data)

    def write_eof(self) -> None:
        """Nothing more will come."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()

    def hold(self) -> None:
        """Read no more until release."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def release(self) -> None:
        """Read again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def close(self) -> None:
        """End it, once everything written has gone out."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Reset it."""
        if self._transport is not None:
            self._transport.abort()
