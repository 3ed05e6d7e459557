"""Requests beyond what one client may ask for (ingress-nginx ``limit-*``).

As in nginx, rates are looked at first, and what they refuse does not count as used.
"""

from __future__ import annotations

from functools import partial

from ingressd.proxy.client.request import Request
from ingressd.proxy.environment import Environment
from ingressd.proxy.filters.filter import Refusal
from ingressd.proxy.limiting.keys import KeyMaker
from ingressd.proxy.limiting.open_requests import OpenRequests
from ingressd.proxy.limiting.rates import ONE, PER_MINUTE, PER_SECOND, Rate, RateTable
from ingressd.routing.model import Route
from ingressd.routing.networks import Networks
from ingressd.routing.patterns import Groups
from ingressd.routing.policy import RateLimits

_MINUTE = 60


def limit_rate(route: Route, environment: Environment) -> RateFilter | None:
    """For a limit of requests a second or a minute."""
    limits = route.policy.rate_limits
    rates = rates_of(limits)
    if not rates:
        return None
    key_of = KeyMaker(route.ingress, environment.settings.affinity_key)
    return RateFilter(limits, rates, key_of, environment.usage.rates)


def limit_connections(route: Route, environment: Environment) -> ConnectionFilter | None:
    """For a limit of requests at the same time."""
    limits = route.policy.rate_limits
    if not limits.connections:
        return None
    key_of = KeyMaker(route.ingress, environment.settings.affinity_key)
    return ConnectionFilter(limits, key_of, environment.usage.open_requests)


def rates_of(limits: RateLimits) -> tuple[Rate, ...]:
    """The rates that hold, in thousandths of a request."""
    asked = (
        (PER_SECOND, limits.per_second, limits.per_second * ONE),
        (PER_MINUTE, limits.per_minute, limits.per_minute * ONE // _MINUTE),
    )
    return tuple(
        Rate(place, speed, number * limits.burst_multiplier * ONE)
        for place, number, speed in asked
        if number
    )


class RateFilter:
    """Refuse requests that come faster than any of the rates."""

    def __init__(
        self, limits: RateLimits, rates: tuple[Rate, ...], key_of: KeyMaker, table: RateTable
    ) -> None:
        self._exempt = Networks(limits.exempt)
        self._rates = rates
        self._key_of = key_of
        self._admits = table.admits
        self._refusal = Refusal(limits.rate_status)

    def __call__(self, request: Request, groups: Groups | None) -> Refusal | None:
        """Count the request, or refuse it."""
        remote = request.remote
        if self._exempt and self._exempt.contains(remote):
            return None
        now = int(request.started * 1000)
        return None if self._admits(self._key_of(remote), now, self._rates) else self._refusal


class ConnectionFilter:
    """Refuse a request while enough others of its client are under way."""

    def __init__(self, limits: RateLimits, key_of: KeyMaker, table: OpenRequests) -> None:
        self._exempt = Networks(limits.exempt)
        self._most = limits.connections
        self._key_of = key_of
        self._table = table
        self._refusal = Refusal(limits.connection_status)

    def __call__(self, request: Request, groups: Groups | None) -> Refusal | None:
        """Count the request until its end, or refuse it."""
        remote = request.remote
        if self._exempt and self._exempt.contains(remote):
            return None
        slot = self._table.enter(self._key_of(remote), self._most)
        if slot is None:
            return self._refusal
        request.at_end = partial(self._table.leave, slot)
        return None
