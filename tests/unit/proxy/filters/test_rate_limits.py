from __future__ import annotations

import pytest
from support.proxies import environment, route
from support.requests import client_connection, get

from ingressd.proxy.client.request import Request
from ingressd.proxy.environment import Environment
from ingressd.proxy.filters.filter import RequestFilter
from ingressd.proxy.filters.rate_limits import limit_connections, limit_rate, rates_of
from ingressd.proxy.limiting.rates import PER_MINUTE, PER_SECOND, Rate
from ingressd.routing.policy import Policy, RateLimits

OTHER = "192.0.2.2"


def request(remote: str = "192.0.2.1", started: float = 5000.0) -> Request:
    made = get(client=client_connection(remote=remote))
    made.started = started
    return made


def rate_filter(surroundings: Environment, path: str = "/", **limits: object) -> RequestFilter:
    policy = Policy(rate_limits=RateLimits(**limits))  # type: ignore[arg-type]
    made = limit_rate(route(path, policy=policy), surroundings)
    assert made is not None
    return made


def connection_filter(surroundings: Environment, **limits: object) -> RequestFilter:
    policy = Policy(rate_limits=RateLimits(**limits))  # type: ignore[arg-type]
    made = limit_connections(route(policy=policy), surroundings)
    assert made is not None
    return made


def statuses(act: RequestFilter, *requests: Request) -> list[int]:
    """What each is refused with, 0 for nothing."""
    return [getattr(act(each, None), "status", 0) for each in requests]


def test_rates_as_nginx_rounds_them() -> None:
    limits = RateLimits(per_second=10, per_minute=10, burst_multiplier=3)
    assert rates_of(limits) == (Rate(PER_SECOND, 10_000, 30_000), Rate(PER_MINUTE, 166, 30_000))
    assert rates_of(RateLimits(connections=5, exempt=("10.0.0.0/8",))) == ()


async def test_a_policy_that_asks_for_nothing_has_no_filter() -> None:
    surroundings = environment()
    unlimited = route(policy=Policy(rate_limits=RateLimits(exempt=("10.0.0.0/8",))))
    assert limit_rate(unlimited, surroundings) is None
    assert limit_connections(unlimited, surroundings) is None


async def test_each_client_has_its_own_rate() -> None:
    act = rate_filter(environment(), per_minute=1, burst_multiplier=1)
    assert statuses(act, request(), request(), request()) == [0, 0, 503]
    assert statuses(act, request(OTHER), request(OTHER), request(OTHER)) == [0, 0, 503]


async def test_time_is_that_of_the_beginning_of_a_request() -> None:
    act = rate_filter(environment(), per_second=1, burst_multiplier=1)
    assert statuses(act, request(), request(), request()) == [0, 0, 503]
    assert statuses(act, request(started=5000.999), request(started=5001)) == [503, 0]


async def test_paths_of_an_ingress_and_tables_to_come_share_what_is_used() -> None:
    surroundings = environment()
    first, second = (
        rate_filter(surroundings, path, per_minute=1, burst_multiplier=1) for path in ("/", "/x")
    )
    assert statuses(first, request(), request()) == [0, 0]
    assert statuses(second, request()) == [503]


@pytest.mark.parametrize("exempt", ["192.0.2.0/24", "192.0.2.1"])
async def test_exempt_clients_are_not_counted(exempt: str) -> None:
    surroundings = environment()
    act = rate_filter(surroundings, per_minute=1, burst_multiplier=1, exempt=(exempt,))
    assert statuses(act, *(request() for _ in range(4))) == [0] * 4
    act = connection_filter(surroundings, connections=1, exempt=(exempt,))
    assert statuses(act, request(), request()) == [0, 0]
    assert statuses(act, request("198.51.100.1"), request("198.51.100.1")) == [0, 503]


async def test_statuses_are_those_of_the_policy() -> None:
    surroundings = environment()
    act = rate_filter(surroundings, per_minute=1, burst_multiplier=1, rate_status=429)
    assert statuses(act, request(), request(), request()) == [0, 0, 429]
    act = connection_filter(surroundings, connections=1, connection_status=430)
    assert statuses(act, request(), request()) == [0, 430]


async def test_a_request_counts_until_its_end() -> None:
    act = connection_filter(environment(), connections=1)
    under_way, refused = request(), request()
    assert statuses(act, under_way, refused, request(OTHER)) == [0, 503, 0]
    assert refused.at_end is None
    assert under_way.at_end is not None
    under_way.at_end()
    assert statuses(act, request(), request()) == [0, 503]
