"""Which endpoint takes a request: that whose turn it is, the fastest, or one that belongs to it.

It may belong to a text of the request, to the address of the client, or to its cookie.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from heapq import nlargest
from typing import Protocol
from urllib.parse import quote

from ingressd.proxy.client.request import Request
from ingressd.proxy.headers import sent_cookie
from ingressd.proxy.upstream.affinity import (
    endpoint_hash,
    group_hash,
    is_key,
    new_key,
    rendezvous,
    seed,
    weight_of,
)
from ingressd.proxy.upstream.endpoint import PooledEndpoint
from ingressd.proxy.upstream.endpoints import PooledUpstream
from ingressd.proxy.upstream.response_time import ResponseTime
from ingressd.proxy.variables import lookup_in
from ingressd.routing.policy import AffinityMode, CookieAffinity
from ingressd.routing.variables import Template

DELIMITER = b"|"
"""Stands in a cookie between what leads to an endpoint and the hash of its upstream."""

_MISREADING = ("Chrome/4", "Chrome/5", "Chrome/6", "CPU iPhone OS 12", "iPad; CPU OS 12")
_MOJAVE_SAFARI = ("Macintosh", "Intel Mac OS X 10_14", "Safari")

_PATH_VALUE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in "%;")
"""What stands in the Path of a cookie as it is (RFC 6265 section 4.1.1); paths are decoded, so that
a "%" in them is none that escapes."""

_LAST_MOMENT = 253402300799.0  # of the year 9999, beyond which there is no date
_LAST_SHORT_YEAR = 2037

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
    """What is asked for a Service: round robin, ``sessionAffinity: ClientIP``, or what annotations
    say of its port. A text decides before the address of the client, and that before speed.
    """

    def pick(
        self, request: Request, upstream: PooledUpstream, tried: Sequence[PooledEndpoint]
    ) -> PooledEndpoint | None:
        """An endpoint, or None when the upstream has none."""
        if upstream.takes_turns or not upstream.endpoints:
            return upstream.next_endpoint(tried)
        if upstream.hash_by is not None:
            return _pick_by_text(request, upstream, tried, upstream.hash_by)
        timeout = upstream.upstream.client_ip_timeout
        if timeout:
            return _pick_by_address(request, upstream, tried, timeout)
        return _pick_fastest(request, upstream, tried)


def _pick_by_text(
    request: Request, upstream: PooledUpstream, tried: Sequence[PooledEndpoint], text: Template
) -> PooledEndpoint | None:
    """Equal texts lead to the same endpoint, or to the same few, in every worker and replica."""
    assert request.route is not None
    key = seed(text.render(lookup_in(request, request.route)))
    choices, policy = upstream.eligible(tried), upstream.upstream.policy
    if not policy.hash_by_subset:
        return rendezvous(key, ((pooled.seed, pooled) for pooled in choices))
    few = nlargest(
        policy.hash_by_subset_size, choices, key=lambda pooled: weight_of(key, pooled.seed)
    )
    return random.choice(few)


def _pick_fastest(
    request: Request, upstream: PooledUpstream, tried: Sequence[PooledEndpoint]
) -> PooledEndpoint:
    """Of two at random the one that has answered faster lately: better than the fastest of all,
    to which every worker would run at once (Mitzenmacher, 2001)."""
    now = time.monotonic()
    choices = upstream.eligible(tried)
    two = random.sample(choices, min(2, len(choices)))
    picked = min(two, key=lambda pooled: _expected(pooled, upstream, now))
    stopwatch = _Stopwatch(_response_time(picked, upstream, now), now, request.at_end)
    request.relay_edits = (*request.relay_edits, stopwatch.on_head)
    request.at_end = stopwatch.on_end
    return picked


def _response_time(pooled: PooledEndpoint, upstream: PooledUpstream, now: float) -> ResponseTime:
    """What is known of an endpoint; of a new one, that it is as the others are."""
    if pooled.response_time is None:
        others = [each.response_time for each in upstream.endpoints if each.response_time]
        average = sum(each.score(now) for each in others) / len(others) if others else 0.0
        pooled.response_time = ResponseTime(average, now)
    return pooled.response_time


def _expected(pooled: PooledEndpoint, upstream: PooledUpstream, now: float) -> float:
    return _response_time(pooled, upstream, now).score(now)


class _Stopwatch:
    """Measures once how long an endpoint takes: to the head of its answer, or in vain."""

    def __init__(
        self, response_time: ResponseTime, started: float, at_end: Callable[[], None] | None
    ) -> None:
        self._response_time: ResponseTime | None = response_time
        self._started = started
        self._at_end = at_end

    def on_head(self, request: Request, status: int, lines: list[bytes]) -> list[bytes]:
        """Leave the answer as it is."""
        self._stop()
        return lines

    def on_end(self) -> None:
        """Do what else is to be done at the end of the request."""
        self._stop()
        if self._at_end is not None:
            self._at_end()

    def _stop(self) -> None:
        if self._response_time is not None:
            now = time.monotonic()
            self._response_time.note(now - self._started, now)
            self._response_time = None


def _pick_by_address(
    request: Request, upstream: PooledUpstream, tried: Sequence[PooledEndpoint], timeout: float
) -> PooledEndpoint | None:
    address = request.remote
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
        path = quote(default_path, safe=_PATH_VALUE, errors="surrogateescape")
        self._path = affinity.path if affinity.path is not None else path
        self._secret = secret

    def pick(
        self, request: Request, upstream: PooledUpstream, tried: Sequence[PooledEndpoint]
    ) -> PooledEndpoint | None:
        """The cookie's endpoint; else a new one, and the cookie for it on the answer."""
        value = sent_cookie(request.message.raw_headers, self._name)
        if value is not None and not (tried and self._affinity.change_on_failure):
            picked = self._endpoint_of(value.partition(DELIMITER)[0].decode("latin-1"), upstream)
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
        group = group_hash(self._secret, upstream.upstream.key)
        request.affinity_cookie = self._line(f"{value}{DELIMITER.decode()}{group}", request)
        return picked

    def _line(self, value: str, request: Request) -> bytes:
        affinity = self._affinity
        parts = [f"Set-Cookie: {affinity.name}={value}"]
        if affinity.expires is not None:
            parts.append(f"Expires={_cookie_date(time.time() + affinity.expires)}")
        if affinity.max_age is not None:
            parts.append(f"Max-Age={affinity.max_age}")
        if affinity.domain:
            parts.append(f"Domain={affinity.domain}")
        parts.append(f"Path={self._path}")
        if affinity.secure or request.scheme == "https":
            parts.append("Secure")
        parts.append("HttpOnly")
        if affinity.same_site and not self._spares(request):
            parts.append(f"SameSite={affinity.same_site}")
        return "; ".join(parts).encode() + b"\r\n"

    def _spares(self, request: Request) -> bool:
        affinity = self._affinity
        if not affinity.spares_old_browsers or affinity.same_site != "None":
            return False
        return misreads_same_site_none(request.message.headers.get("User-Agent", ""))


class ChoiceBalancer:
    """Chooses endpoints as ``usual``, but for upstreams with these keys as ``others`` say."""

    def __init__(self, usual: Balancer, others: Mapping[str, Balancer]) -> None:
        self._usual = usual
        self._others = others

    def pick(
        self, request: Request, upstream: PooledUpstream, tried: Sequence[PooledEndpoint]
    ) -> PooledEndpoint | None:
        """An endpoint, or None when the upstream has none."""
        balancer = self._others.get(upstream.upstream.key, self._usual)
        return balancer.pick(request, upstream, tried)


def group_in(value: bytes | None) -> str:
    """The hash of an upstream that stands in a cookie, or ""."""
    return "" if value is None else value.partition(DELIMITER)[2].decode("latin-1")


def misreads_same_site_none(user_agent: str) -> bool:
    """Whether a browser takes SameSite=None for Strict, or drops such a cookie, as far as
    ingress-nginx knows them (https://www.chromium.org/updates/same-site/incompatible-clients)."""
    if any(mark in user_agent for mark in _MISREADING):
        return True
    return all(mark in user_agent for mark in _MOJAVE_SAFARI) and "Chrome" not in user_agent


def _cookie_date(moment: float) -> str:
    """As nginx writes it (``ngx_http_cookie_time``); browsers read either form (RFC 6265 section
    5.1.1), and a short year from 70 on is of the last century."""
    date = time.gmtime(min(max(moment, 0.0), _LAST_MOMENT))
    year = "%y" if date.tm_year <= _LAST_SHORT_YEAR else "%Y"
    return time.strftime(f"%a, %d-%b-{year} %H:%M:%S GMT", date)


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
