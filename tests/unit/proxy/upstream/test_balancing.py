"""Which endpoint a balancer picks, and the cookie it sets."""

from __future__ import annotations

import asyncio

import pytest
from support.requests import client_connection, get

from ingressd.proxy.clock import Clock
from ingressd.proxy.upstream.balancing import CookieBalancer, ServiceAffinity
from ingressd.proxy.upstream.endpoints import Dialer, PooledUpstream
from ingressd.proxy.upstream.resolver import Resolver
from ingressd.routing.model import Endpoint, Upstream
from ingressd.routing.policy import AffinityMode, CookieAffinity

KEY = b"0123456789abcdef"
MODES = pytest.mark.parametrize("mode", list(AffinityMode))


def upstream(count: int, client_ip_timeout: int = 0) -> PooledUpstream:
    loop = asyncio.get_running_loop()
    dialer = Dialer(loop, Clock(loop), Resolver(), 4.0)
    endpoints = tuple(Endpoint(f"10.0.0.{number}", 80) for number in range(count))
    return PooledUpstream(Upstream("u", endpoints, client_ip_timeout=client_ip_timeout), dialer)


def balancer(mode: AffinityMode, **fields: object) -> CookieBalancer:
    return CookieBalancer(CookieAffinity(mode=mode, **fields), "/app", KEY)  # type: ignore[arg-type]


def cookie_line(set_cookie: bytes) -> bytes:
    return b"Cookie: %b\r\n" % set_cookie.partition(b": ")[2].partition(b";")[0]


async def test_round_robin_without_affinity() -> None:
    three = upstream(3)
    picked = [ServiceAffinity().pick(get(), three, ()) for _ in range(6)]
    assert len(set(picked)) == 3 and picked[:3] == picked[3:]


async def test_a_client_address_stays_while_others_come_and_moves_on_failure() -> None:
    three = upstream(3, client_ip_timeout=100)
    client = client_connection(remote="192.0.2.9")
    first = ServiceAffinity().pick(get(client=client), three, ())
    assert first is not None
    assert ServiceAffinity().pick(get(client=client), three, ()) is first
    second = ServiceAffinity().pick(get(client=client), three, (first,))
    assert second is not None and second is not first
    assert ServiceAffinity().pick(get(client=client), three, ()) is second


async def test_no_endpoint() -> None:
    assert ServiceAffinity().pick(get(), upstream(0), ()) is None
    assert ServiceAffinity().pick(get(), upstream(0, client_ip_timeout=9), ()) is None


@MODES
async def test_a_cookie_leads_back(mode: AffinityMode) -> None:
    five, balance = upstream(5), balancer(mode)
    request = get()
    first = balance.pick(request, five, ())
    again = get(extra=cookie_line(request.affinity_cookie))
    assert balance.pick(again, five, ()) is first
    assert again.affinity_cookie == b""


@MODES
@pytest.mark.parametrize("change_on_failure", [False, True])
async def test_who_leaves_an_endpoint_that_fails(
    mode: AffinityMode, change_on_failure: bool
) -> None:
    five, balance = upstream(5), balancer(mode, change_on_failure=change_on_failure)
    request = get()
    first = balance.pick(request, five, ())
    assert first is not None
    assert balance.pick(request, five, (first,)) is not first  # a client that has no cookie yet
    bound = get(extra=cookie_line(request.affinity_cookie))
    home = balance.pick(bound, five, ())
    assert home is not None
    assert (balance.pick(bound, five, (home,)) is not home) is change_on_failure
    assert bool(bound.affinity_cookie) is change_on_failure


@MODES
async def test_a_single_endpoint_is_tried_again(mode: AffinityMode) -> None:
    one = upstream(1)
    first = balancer(mode).pick(get(), one, ())
    assert first is not None
    assert balancer(mode).pick(get(), one, (first, first)) is first


async def test_cookie_attributes_follow_policy_and_scheme() -> None:
    request = get(client=client_connection("https"))
    balancer(AffinityMode.BALANCED, same_site="None", max_age=5).pick(request, upstream(1), ())
    attributes = request.affinity_cookie.rstrip(b"\r\n").split(b"; ")[1:]
    assert attributes == [b"Max-Age=5", b"Path=/app", b"Secure", b"HttpOnly", b"SameSite=None"]
