"""One endpoint as this worker sees it: its idle connections, and how it failed lately.

This is the state that outlives a change of the table: an endpoint that stays keeps its connections.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import ssl
from collections.abc import Sequence
from typing import Protocol

from ingressd.proxy.clock import Clock
from ingressd.proxy.overload.headroom import require_tls_room
from ingressd.proxy.upstream.affinity import seed
from ingressd.proxy.upstream.connection import IDLE, UpstreamConnection
from ingressd.proxy.upstream.pod_tls import NO_SNI, Security
from ingressd.proxy.upstream.receiver import Failure
from ingressd.proxy.upstream.response_time import ResponseTime
from ingressd.routing.global_policy import DEFAULT_GLOBAL_POLICY, UpstreamKeepAlive
from ingressd.routing.model import Endpoint

_LOG = logging.getLogger(__name__)

AVOID_SECONDS = 2.0
"""How long an endpoint that could not be connected to is passed over while others can be."""

AVOID_SILENT_SECONDS = 10.0
"""The same for one that has let two attempts time out: each would cost a client that wait."""

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

    def remembered(self, name: str) -> Sequence[str]:
        """Its addresses as far as nobody has to be asked, none otherwise."""
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
        self, endpoint: Endpoint, dialer: Dialer, security: Security | None = None
    ) -> None:
        self.endpoint = endpoint
        self.text = str(endpoint)
        self.avoid_until = 0.0
        self.response_time: ResponseTime | None = None
        self._dialer = dialer
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
        avoided_until = self.avoid_until
        if avoided_until:
            self.avoid(timeout)  # one request finds out whether it is back: the others go elsewhere
        try:
            async with asyncio.timeout(timeout):
                connection = await self._open(timeout)
        except asyncio.CancelledError:
            self.avoid_until = avoided_until
            raise
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

    async def _open(self, timeout: float) -> UpstreamConnection:
        """A connection, whatever it takes: who asks waits for ``timeout`` seconds."""
        return await self._connect_one(self.endpoint.address)

    async def _connect_one(self, address: str) -> UpstreamConnection:
        if self._security is not None:
            return await self._connect_securely(self._security, address)
        _, connection = await self._dialer.loop.create_connection(
            self._new_connection, address, self.endpoint.port
        )
        return connection

    async def _connect_securely(self, security: Security, address: str) -> UpstreamConnection:
        name = security.name_at(self._external_name)
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
    def _external_name(self) -> str:
        """Its name outside of the cluster, "" for a pod."""
        return ""

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
