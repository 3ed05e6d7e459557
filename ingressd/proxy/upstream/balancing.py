"""Which endpoint takes a request: round robin, the client's address, or the client's cookie."""

from __future__ import annotations

import time
from collections.abc import Sequence
from email.utils import formatdate
from typing import Protocol

from ingressd.proxy.client.request import Request
from ingressd.proxy.headers import cookie
from ingressd.proxy.upstream.affinity import endpoint_hash, is_key, new_key, rendezvous, seed
from ingressd.proxy.upstream.endpoints import PooledEndpoint, PooledUpstream
from ingressd.routing.policy import AffinityMode, CookieAffinity

DRAWS = 32
"""Random keys drawn to find one that does not lead to an endpoint that has just failed."""


class Balancer(Protocol):
    """Chooses an endpoint; ``tried`` are those that have failed for this request already."""

    def pick(
        self, request: Request, upstream: PooledUpstream, tried: Sequence[PooledEndpoint]
    ) -> PooledEndpoint | None:
        """An endpoint, or None when the upstream has none."""
        ...


class ServiceAffinity:
    """What the Service asks for: round robin, or ``sessionAffinity: ClientIP``."""

    def pick(
        self, request: Request, upstream: PooledUpstream, tried: Sequence[PooledEndpoint]
    ) -> PooledEndpoint | None:
        """An endpoint, or None when the upstream has none."""
        timeout = upstream.upstream.client_ip_timeout
        if not timeout:
            return upstream.next_endpoint(tried)
        return _pick_by_address(request, upstream, tried, timeout)


def _pick_by_address(
    request: Request, upstream: PooledUpstream, tried: Sequence[PooledEndpoint], timeout: float
) -> PooledEndpoint | None:
    address = request.client.remote
    now = request.started
    known = upstream.clients.recall(address, now, timeout)
    picked = upstream.find(known) if known is not None and not tried else None
    if picked is None:
        picked = _hashed(seed(address), upstream, tried)
    if picked is not None:
        upstream.clients.remember(address, picked.endpoint, now)
    return picked


class CookieBalancer:
    """Cookie affinity (ingress-nginx ``affinity: cookie``).

    ``default_path`` is the cookie's Path where the policy names none. ``secret`` keys the hashes.
    """

    def __init__(self, affinity: CookieAffinity, default_path: str, secret: bytes) -> None:
        self._affinity = affinity
        self._name = affinity.name.encode()
        self._path = affinity.path if affinity.path is not None else default_path
        self._secret = secret

    def pick(
        self, request: Request, upstream: PooledUpstream, tried: Sequence[PooledEndpoint]
    ) -> PooledEndpoint | None:
        """The cookie's endpoint; else a new one, and the cookie for it on the answer."""
        value = cookie(request.lines, self._name)
        if value is not None and not (tried and self._affinity.change_on_failure):
            picked = self._endpoint_of(value.decode("latin-1"), upstream)
            if picked is not None:
                return picked
        return self._assign(request, upstream, tried)

    def _endpoint_of(self, value: str, upstream: PooledUpstream) -> PooledEndpoint | None:
        if not is_key(value):
            return None
        if self._affinity.mode is AffinityMode.BALANCED:
            return _hashed(int(value[:16], 16), upstream, ())
        hashes = (
            (endpoint_hash(self._secret, pooled.endpoint), pooled) for pooled in upstream.endpoints
        )
        return next((pooled for hashed, pooled in hashes if hashed == value), None)

    def _assign(
        self, request: Request, upstream: PooledUpstream, tried: Sequence[PooledEndpoint]
    ) -> PooledEndpoint | None:
        if self._affinity.mode is AffinityMode.PERSISTENT:
            picked = upstream.next_endpoint(tried)
            value = endpoint_hash(self._secret, picked.endpoint) if picked else ""
        else:
            value, picked = _drawn(upstream, tried)
        request.affinity_cookie = self._line(value, request.client.scheme == "https")
        return picked

    def _line(self, value: str, is_tls: bool) -> bytes:
        affinity = self._affinity
        parts = [f"Set-Cookie: {affinity.name}={value}"]
        if affinity.expires is not None:
            parts.append(f"Expires={formatdate(time.time() + affinity.expires, usegmt=True)}")
        if affinity.max_age is not None:
            parts.append(f"Max-Age={affinity.max_age}")
        if affinity.domain:
            parts.append(f"Domain={affinity.domain}")
        parts.append(f"Path={self._path}")
        if affinity.secure or is_tls:
            parts.append("Secure")
        parts.append("HttpOnly")
        if affinity.same_site:
            parts.append(f"SameSite={affinity.same_site}")
        return "; ".join(parts).encode() + b"\r\n"


def _drawn(
    upstream: PooledUpstream, tried: Sequence[PooledEndpoint]
) -> tuple[str, PooledEndpoint | None]:
    """A random key and the endpoint it leads to, another than those tried where there is one."""
    key, picked = "", None
    for _ in range(DRAWS):
        key = new_key()
        picked = _hashed(int(key[:16], 16), upstream, ())
        if picked not in tried:
            break
    return key, picked


def _hashed(
    client: int, upstream: PooledUpstream, tried: Sequence[PooledEndpoint]
) -> PooledEndpoint | None:
    endpoints = [pooled for pooled in upstream.endpoints if pooled not in tried]
    choices = endpoints or upstream.endpoints
    return rendezvous(client, ((pooled.seed, pooled) for pooled in choices))
