"""How the hosts of questions become addresses."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Sequence
from functools import partial

from aiohttp.abc import AbstractResolver, ResolveResult

from ingressd.proxy.upstream.pool import Pool
from ingressd.proxy.upstream.resolver import Resolver
from ingressd.routing.model import Endpoint
from ingressd.routing.service_names import service_at

FindEndpoints = Callable[[str, int], Sequence[Endpoint]]
"""The endpoints behind a host and a port, as far as they are known without DNS."""


def none_known(host: str, port: int) -> Sequence[Endpoint]:
    """Where DNS knows every name."""
    return ()


def endpoints_in(pool: Pool) -> FindEndpoints:
    """Those of the Services of a pool, each time in another order."""
    return partial(_endpoints, pool)


def _endpoints(pool: Pool, host: str, port: int) -> Sequence[Endpoint]:
    backend = service_at(host, port)
    pooled = pool.get(backend.upstream) if backend is not None else None
    if pooled is None:
        return ()
    endpoints = pooled.upstream.endpoints
    return random.sample(endpoints, len(endpoints))


class Names(AbstractResolver):
    """The worker's way to look up names, for aiohttp. Whoever may write ``auth-url`` may name any
    address, as in ingress-nginx."""

    def __init__(self, find_endpoints: FindEndpoints) -> None:
        self._find_endpoints = find_endpoints
        self._resolver = Resolver(local_names=True)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Where to connect to. Raises OSError."""
        return [
            _result(host, address, place.port)
            for place in self._find_endpoints(host, port) or (Endpoint(host, port),)
            for address in await self._resolver.resolve(place.address)
        ]

    async def close(self) -> None:
        """End the lookups under way."""
        await self._resolver.close()


def _result(host: str, address: str, port: int) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=socket.AF_INET6 if ":" in address else socket.AF_INET,
        proto=0,
        flags=socket.AI_NUMERICHOST,
    )
