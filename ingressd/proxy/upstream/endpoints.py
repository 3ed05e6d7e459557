"""The endpoints of an upstream as this worker sees them: idle connections and recent failures.

This is the state that outlives a change of the table: an endpoint that stays keeps its connections.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import random
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from ingressd.proxy.clock import Clock
from ingressd.proxy.overload.headroom import require_tls_room
from ingressd.proxy.upstream.affinity import ClientMemory, seed
from ingressd.proxy.upstream.connection import IDLE, UpstreamConnection
from ingressd.proxy.upstream.pod_tls import NO_SNI, Security
from ingressd.proxy.upstream.receiver import Failure
from ingressd.proxy.upstream.response_time import ResponseTime
from ingressd.routing.global_policy import DEFAULT_GLOBAL_POLICY, UpstreamKeepAlive
from ingressd.routing.model import Endpoint, Upstream
from ingressd.routing.policy import LoadBalance
from ingressd.routing.variables import Template, parse_template

_LOG = logging.getLogger(__name__)

AVOID_SECONDS = 2.0
"""How long an endpoint that could not be connected to is passed over while others can be."""

AVOID_SILENT_SECONDS = 10.0
"""The same for one that has let two attempts time out: each would cost a client that wait."""

AGAIN_SECONDS = 0.2
"""The longest wait for others where every endpoint that could be tried has refused."""

FRESH_SECONDS = 1.0
"""How long a connection may have idled that takes a request which must not be lost."""

OUR_OWN_SHORTAGES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}
"""Errors of a connect for which no endpoint is to blame."""

WARY_SECONDS = 2.0
"""How long the used connections of an endpoint that closes some are not trusted."""


class ConnectFailed(Exception):
    """No connection could be made: nothing was sent, so any request may be tried elsewhere."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


class NameResolver(Protocol):
    """Finds the addresses behind the name of an ExternalName Service."""

    async def resolve(self, name: str) -> Sequence[str]:
        """Addresses that may be connected to; raises OSError where there is none."""
        ...


class Dialer:
    """What every new connection to a pod needs; ``keep_alive`` may be replaced at any time."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        resolver: NameResolver,
        keep_alive: UpstreamKeepAlive = DEFAULT_GLOBAL_POLICY.upstream_keep_alive,
    ) -> None:
        self.loop = loop
        self.clock = clock
        self.resolver = resolver
        self.keep_alive = keep_alive


class PooledEndpoint:
    """One endpoint with its idle connections, the most recently used last."""

    __slots__ = (
        "_dialer",
        "_external",
        "_gone",
        "_idle",
        "_security",
        "_seed",
        "_wary_until",
        "avoid_until",
        "endpoint",
        "response_time",
        "text",
    )

    def __init__(
        self,
        endpoint: Endpoint,
        dialer: Dialer,
        external: bool,
        security: Security | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.text = str(endpoint)
        self.avoid_until = 0.0
        self.response_time: ResponseTime | None = None
        self._dialer = dialer
        self._external = external
        self._security = security
        self._idle: list[UpstreamConnection] = []
        self._gone = False
        self._seed = 0
        self._wary_until = 0.0

    def __repr__(self) -> str:
        return f"<{self.endpoint} idle={len(self._idle)}>"

    @property
    def seed(self) -> int:
        """The endpoint's number in rendezvous hashing, the same in every worker and replica."""
        if not self._seed:
            self._seed = seed(self.text)
        return self._seed

    def take_idle(self, *, surely_open: bool = False) -> UpstreamConnection | None:
        """The connection that has idled for the shortest time, or None.

        None of which the kernel knows that the pod has closed it, or has sent what nobody asked
        for: that would pass for the answer. ``surely_open`` is for a request that must not be sent
        twice: a connection that closes just then would lose it. So it takes none that has idled for
        long, and none of a pod that has begun to close connections, because it may be leaving: a
        new connection is refused then, and the request may go elsewhere.
        """
        if surely_open and not self._is_steady:
            return None
        while self._idle:
            connection = self._idle.pop()
            if connection.phase != IDLE:
                continue
            if not connection.has_news():
                return connection
            self.beware()
            connection.close()
            if surely_open:
                return None
        return None

    async def connect(self, timeout: float) -> UpstreamConnection:
        """A new connection, within ``timeout`` seconds. Raises ConnectFailed."""
        try:
            async with asyncio.timeout(timeout):
                connection = await self._connect_any()
        except TimeoutError:
            has_failed_before = self.avoid_until > 0
            self.avoid(AVOID_SILENT_SECONDS if has_failed_before else AVOID_SECONDS)
            raise ConnectFailed(Failure.CONNECT_TIMEOUT) from None
        except ssl.SSLError as error:
            if not self.avoid_until:
                _LOG.warning("no TLS with %s: %s", self.text, error)
            self.avoid()
            raise ConnectFailed(Failure.INSECURE) from None
        except OSError as error:
            if error.errno not in OUR_OWN_SHORTAGES:
                self.avoid()
            raise ConnectFailed(Failure.REFUSED) from None
        if connection.phase != IDLE:  # accepted and closed again before we could say a word
            self.avoid()
            raise ConnectFailed(Failure.REFUSED)
        self.avoid_until = 0.0
        return connection

    def beware(self) -> None:
        """The pod closes connections: for a while, what must not be lost goes over new ones."""
        self._wary_until = self._dialer.clock.now + WARY_SECONDS

    def avoid(self, seconds: float = AVOID_SECONDS) -> None:
        """Pass this endpoint over for a while, as long as others can be reached."""
        self.avoid_until = self._dialer.clock.now + seconds

    def retire(self) -> None:
        """The endpoint left the table: idle connections close now, busy ones after their answer."""
        self._gone = True
        self.close_idle()

    def close_idle(self) -> None:
        """Close the connections that wait for an exchange."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    async def _connect_any(self) -> UpstreamConnection:
        endpoint = self.endpoint
        addresses: Sequence[str] = (endpoint.address,)
        if self._external:
            addresses = await self._resolve(endpoint.address)
        for address in addresses[:-1]:
            try:
                return await self._connect_one(address)
            except OSError:
                continue  # the next address of the same name may answer
        return await self._connect_one(addresses[-1])

    async def _resolve(self, name: str) -> Sequence[str]:
        try:
            addresses = await self._dialer.resolver.resolve(name)
        except OSError:
            raise ConnectFailed(Failure.UNRESOLVED) from None
        if not addresses:
            raise ConnectFailed(Failure.UNRESOLVED)
        return addresses

    async def _connect_one(self, address: str) -> UpstreamConnection:
        if self._security is not None:
            return await self._connect_securely(self._security, address)
        _, connection = await self._dialer.loop.create_connection(
            self._new_connection, address, self.endpoint.port
        )
        return connection

    async def _connect_securely(self, security: Security, address: str) -> UpstreamConnection:
        name = security.name_at(self.endpoint.address if self._external else "")
        require_tls_room()
        transport, connection = await self._dialer.loop.create_connection(
            self._new_connection,
            address,
            self.endpoint.port,
            ssl=security.context,
            server_hostname=name if security.settings.sends_name else NO_SNI,
        )
        try:
            security.check(transport.get_extra_info("ssl_object"), name)
        except ssl.SSLError:
            connection.abort()
            raise
        return connection

    def _new_connection(self) -> UpstreamConnection:
        dialer = self._dialer
        return UpstreamConnection(dialer.clock, dialer.keep_alive, self)

    @property
    def _is_steady(self) -> bool:
        """Whether the pod has closed no connection lately, and answered not long ago."""
        dialer = self._dialer
        if self._wary_until > dialer.clock.now or not self._idle:
            return False
        return self._idle[-1].idle_for <= FRESH_SECONDS

    def keep(self, connection: UpstreamConnection) -> None:
        """A connection is free for another exchange."""
        if self._gone:
            connection.close()
            return
        idle = self._idle
        idle.append(connection)
        while len(idle) > self._dialer.keep_alive.connections:
            idle.pop(0).close()

    def forget(self, connection: UpstreamConnection) -> None:
        """A connection is gone."""
        if connection in self._idle:
            self._idle.remove(connection)


class PooledUpstream:
    """One upstream: its endpoints, and where round robin stands.

    Connections are secured as ``security`` says, None for plain ones. ``takes_turns`` is whether
    nothing but round robin is asked for; ``hash_by`` is the text that decides, or None.
    """

    def __init__(
        self, upstream: Upstream, dialer: Dialer, security: Security | None = None
    ) -> None:
        self._dialer = dialer
        self._security = security
        self._cursor = random.randrange(1 << 16)  # workers must not all begin with the same pod
        self.upstream = upstream
        self._changed: asyncio.Event | None = None
        self.endpoints: tuple[PooledEndpoint, ...] = ()
        self.clients = ClientMemory()
        self.takes_turns = True
        self.hash_by: Template | None = None
        self._adopt(upstream)
        self._pool(upstream)

    def update(self, upstream: Upstream) -> None:
        """Take over a new set of endpoints; those that stay keep their connections."""
        if upstream.external != self.upstream.external:
            self.retire()
        self._adopt(upstream)
        self._pool(upstream)

    def retire(self) -> None:
        """The upstream left the table."""
        self.let_go()
        self.endpoints = ()
        self._tell()

    async def until_changed(self, seconds: float) -> None:
        """Wait for another set of endpoints, for ``seconds`` at most."""
        if self._changed is None:
            self._changed = asyncio.Event()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    def let_go(self) -> None:
        """Keep no connection beyond its answer from now on."""
        for pooled in self.endpoints:
            pooled.retire()

    def close_idle(self) -> None:
        """Close the connections that wait for an exchange; new ones may follow."""
        for pooled in self.endpoints:
            pooled.close_idle()

    def next_endpoint(self, tried: Sequence[PooledEndpoint]) -> PooledEndpoint | None:
        """Round robin, those first that were not tried and do not fail; None: there is none."""
        endpoints = self.endpoints
        count = len(endpoints)
        if count == 0:
            return None
        self._cursor = cursor = self._cursor + 1
        first = endpoints[cursor % count]
        if first.avoid_until == 0.0 and not tried:
            return first
        order = [endpoints[(cursor + step) % count] for step in range(count)]
        return self._eligible(order, tried)[0]

    def eligible(self, tried: Sequence[PooledEndpoint]) -> Sequence[PooledEndpoint]:
        """The endpoints that were not tried and do not fail, as far as there are any."""
        return self._eligible(self.endpoints, tried)

    def _eligible(
        self, endpoints: Sequence[PooledEndpoint], tried: Sequence[PooledEndpoint]
    ) -> Sequence[PooledEndpoint]:
        fresh = [pooled for pooled in endpoints if pooled not in tried] or endpoints
        now = self._dialer.clock.now
        return [pooled for pooled in fresh if pooled.avoid_until <= now] or fresh

    def find(self, endpoint: Endpoint) -> PooledEndpoint | None:
        """The pooled form of an endpoint, None when it is no longer ready."""
        return next((pooled for pooled in self.endpoints if pooled.endpoint == endpoint), None)

    def _adopt(self, upstream: Upstream) -> None:
        policy = upstream.policy
        self.upstream = upstream
        self.hash_by = parse_template(policy.hash_by) if policy.hash_by else None
        is_even = policy.load_balance is LoadBalance.ROUND_ROBIN
        self.takes_turns = is_even and not (policy.hash_by or upstream.client_ip_timeout)

    def _pool(self, upstream: Upstream) -> None:
        known = {pooled.endpoint: pooled for pooled in self.endpoints}
        self.endpoints = tuple(
            known.get(endpoint)
            or PooledEndpoint(endpoint, self._dialer, upstream.external, self._security)
            for endpoint in upstream.endpoints
        )
        for gone in known.keys() - set(upstream.endpoints):
            known[gone].retire()
        self._tell()

    def _tell(self) -> None:
        """Wake what waits for other endpoints."""
        changed, self._changed = self._changed, None
        if changed is not None:
            changed.set()
