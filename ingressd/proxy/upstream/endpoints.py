"""The endpoints of an upstream, and which of them is next."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

from ingressd.proxy.upstream.affinity import ClientMemory
from ingressd.proxy.upstream.endpoint import Dialer, PooledEndpoint
from ingressd.proxy.upstream.named_endpoint import NamedEndpoint
from ingressd.proxy.upstream.pod_tls import Security
from ingressd.routing.model import Endpoint, Upstream
from ingressd.routing.policy import LoadBalance
from ingressd.routing.variables import Template, parse_template

AGAIN_SECONDS = 0.2
"""The longest wait for others where every endpoint that could be tried has refused."""


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

    async def changed(self) -> None:
        """Wait for another set of endpoints."""
        if self._changed is None:
            self._changed = asyncio.Event()
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
        kind = NamedEndpoint if upstream.external else PooledEndpoint
        self.endpoints = tuple(
            known.get(endpoint) or kind(endpoint, self._dialer, self._security)
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
