"""Upstreams whose endpoints are on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ingressd.proxy.clock import Clock
from ingressd.proxy.upstream.connection import UpstreamConnection
from ingressd.proxy.upstream.endpoint import Dialer, PooledEndpoint
from ingressd.proxy.upstream.endpoints import PooledUpstream
from ingressd.routing.model import Endpoint, Upstream
from support.requests import Wire


class Names:
    """A resolver that knows what it is given."""

    def __init__(self, *addresses: str) -> None:
        self.addresses: Sequence[str] = addresses
        self.is_fresh = True

    async def resolve(self, name: str) -> Sequence[str]:
        if name == "missing.test":
            raise OSError(name)
        return self.addresses

    def remembered(self, name: str) -> Sequence[str]:
        return self.addresses if self.is_fresh else ()


def dialer(names: Names | None = None) -> Dialer:
    loop = asyncio.get_running_loop()
    return Dialer(loop, Clock(loop), names or Names())


def endpoints(*ports: int) -> tuple[Endpoint, ...]:
    return tuple(Endpoint("127.0.0.1", port) for port in ports)


def pooled(*ports: int) -> PooledUpstream:
    return PooledUpstream(Upstream("u", endpoints(*ports)), dialer())


def idle(endpoint: PooledEndpoint) -> UpstreamConnection:
    """A connection that has just become free."""
    connection = endpoint._new_connection()
    connection.connection_made(Wire())
    endpoint.keep(connection)
    return connection
