"""The upstreams of a worker, and what is secured for each in one way or another."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Container

from ingressd.proxy.upstream.endpoint import Dialer
from ingressd.proxy.upstream.endpoints import PooledUpstream
from ingressd.proxy.upstream.pod_tls import Security
from ingressd.routing.model import Upstream

MAX_SECURITIES = 16
"""Ways to secure connections that are remembered for one upstream. Each new version of a Secret is
another one; that which was not asked for longest is forgotten first."""


class Pool:
    """Every upstream of this worker, by key."""

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer
        self._upstreams: dict[str, PooledUpstream] = {}
        self._secured: dict[str, OrderedDict[Security, PooledUpstream]] = {}

    def get(self, key: str) -> PooledUpstream | None:
        """The upstream under ``key``, or None when the table has none."""
        return self._upstreams.get(key)

    def secured(self, key: str, security: Security) -> PooledUpstream | None:
        """The same with TLS. What is secured otherwise shares nothing with it."""
        plain = self._upstreams.get(key)
        if plain is None:
            return None
        known = self._secured.setdefault(key, OrderedDict())
        pooled = known.get(security)
        if pooled is None:
            pooled = known[security] = PooledUpstream(plain.upstream, self._dialer, security)
            if len(known) > MAX_SECURITIES:
                known.popitem(last=False)[1].let_go()
        known.move_to_end(security)
        return pooled

    def put(self, upstream: Upstream) -> None:
        """Add or change an upstream."""
        pooled = self._upstreams.get(upstream.key)
        if pooled is None:
            self._upstreams[upstream.key] = PooledUpstream(upstream, self._dialer)
        else:
            pooled.update(upstream)
        for secured in self._secured.get(upstream.key, {}).values():
            secured.update(upstream)

    def remove(self, key: str) -> None:
        """Forget an upstream; what is in flight on it finishes."""
        pooled = self._upstreams.pop(key, None)
        if pooled is not None:
            pooled.retire()
        for secured in self._secured.pop(key, {}).values():
            secured.retire()

    def retain(self, keys: Container[str]) -> None:
        """Forget every other upstream."""
        for key in [key for key in self._upstreams if key not in keys]:
            self.remove(key)

    def close_idle(self) -> None:
        """Close the connections that wait for an exchange; new ones may follow."""
        for pooled in self._upstreams.values():
            pooled.close_idle()
        for ways in self._secured.values():
            for secured in ways.values():
                secured.close_idle()
