"""An endpoint that is known by its name (a Service of type ExternalName)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from ingressd.proxy.upstream.connection import UpstreamConnection
from ingressd.proxy.upstream.endpoint import ConnectFailed, Dialer, PooledEndpoint
from ingressd.proxy.upstream.pod_tls import Security
from ingressd.proxy.upstream.receiver import Failure
from ingressd.routing.model import Endpoint


class NamedEndpoint(PooledEndpoint):
    """Connects to the addresses of the name in turn, that which answered last before the others.

    A connection to an address that the name has lost takes no further request.
    """

    __slots__ = ("_addresses", "_answered")

    def __init__(
        self, endpoint: Endpoint, dialer: Dialer, security: Security | None = None
    ) -> None:
        super().__init__(endpoint, dialer, security)
        self._addresses: Sequence[str] = ()
        self._answered = ""

    def take_idle(self, *, surely_open: bool = False) -> UpstreamConnection | None:
        """As for any endpoint; None also when DNS has to be asked again, which connecting does."""
        addresses = self._dialer.resolver.remembered(self.endpoint.address)
        if not addresses:
            return None
        if addresses != self._addresses:
            self._follow(addresses)
        return super().take_idle(surely_open=surely_open)

    def keep(self, connection: UpstreamConnection) -> None:
        """A connection is free for another exchange, if it still leads where the name does."""
        if self._leads_there(connection):
            super().keep(connection)
        else:
            connection.close()

    def _follow(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses
        for connection in [each for each in self._idle if not self._leads_there(each)]:
            connection.close()

    def _leads_there(self, connection: UpstreamConnection) -> bool:
        transport = connection.transport
        peer = transport.get_extra_info("peername") if transport is not None else None
        return peer is not None and peer[0] in self._addresses

    async def _open(self, timeout: float) -> UpstreamConnection:
        """A connection to one of the addresses: silent ones share the time among them."""
        addresses = await self._resolve(self.endpoint.address)
        self._follow(addresses)
        *others, last = sorted(addresses, key=lambda address: address != self._answered)
        for address in others:
            with suppress(OSError):  # the next one may answer; TimeoutError is one, too
                async with asyncio.timeout(timeout / len(addresses)):
                    return await self._arrive(address)
        return await self._arrive(last)

    async def _arrive(self, address: str) -> UpstreamConnection:
        connection = await self._connect_one(address)
        self._answered = address
        return connection

    async def _resolve(self, name: str) -> Sequence[str]:
        try:
            addresses = await self._dialer.resolver.resolve(name)
        except OSError:
            raise ConnectFailed(Failure.UNRESOLVED) from None
        if not addresses:
            raise ConnectFailed(Failure.UNRESOLVED)
        return addresses

    @property
    def _external_name(self) -> str:
        return self.endpoint.address
