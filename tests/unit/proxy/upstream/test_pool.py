"""All upstreams of a worker: kept, forgotten, and secured in several ways."""

from __future__ import annotations

import asyncio

from support.upstreams import endpoints, idle

from ingressd.proxy.clock import Clock
from ingressd.proxy.upstream.endpoint import Dialer
from ingressd.proxy.upstream.pod_tls import Security, load_context
from ingressd.proxy.upstream.pool import MAX_SECURITIES, Pool
from ingressd.proxy.upstream.resolver import Resolver
from ingressd.routing.model import Upstream
from ingressd.routing.policy import DEFAULT_POD_TLS, PodTls


def new_pool() -> Pool:
    loop = asyncio.get_running_loop()
    return Pool(Dialer(loop, Clock(loop), Resolver()))


async def test_the_pool_keeps_forgets_and_retains() -> None:
    pool = new_pool()
    for key in ("a", "b", "c"):
        pool.put(Upstream(key, endpoints(1)))
    first = pool.get("a")
    pool.put(Upstream("a", endpoints(1, 2)))
    assert pool.get("a") is first and first is not None and len(first.endpoints) == 2
    pool.remove("b")
    pool.remove("b")
    pool.retain({"c"})
    assert [pool.get(key) is None for key in ("a", "b", "c")] == [True, True, False]
    assert first.endpoints == ()


def securities(count: int) -> list[Security]:
    """Ways to secure connections, no two alike."""
    context = load_context(DEFAULT_POD_TLS, {})
    return [Security(context, PodTls(name=f"pod-{number}"), "web") for number in range(count)]


async def test_what_is_secured_otherwise_is_kept_apart_and_follows_the_upstream() -> None:
    pool, (one, other) = new_pool(), securities(2)
    assert pool.secured("u", one) is None
    pool.put(Upstream("u", endpoints(1)))
    plain, secured, others = pool.get("u"), pool.secured("u", one), pool.secured("u", other)
    assert len({plain, secured, others}) == 3
    assert secured is not None and pool.secured("u", one) is secured
    (endpoint,) = secured.endpoints
    connection = idle(endpoint)
    pool.put(Upstream("u", endpoints(1, 2)))
    assert secured.endpoints[0] is endpoint
    assert [pooled.endpoint.port for pooled in secured.endpoints] == [1, 2]
    pool.remove("u")
    assert (secured.endpoints, connection.transport.is_closing()) == ((), True)
    assert pool.secured("u", one) is None


async def test_ways_to_secure_that_nobody_asks_for_are_forgotten() -> None:
    pool, ways = new_pool(), securities(MAX_SECURITIES + 1)
    pool.put(Upstream("u", endpoints(1)))
    oldest, kept = pool.secured("u", ways[0]), pool.secured("u", ways[1])
    assert oldest is not None
    connection = idle(oldest.endpoints[0])
    for way in ways[2:]:
        assert pool.secured("u", ways[1]) is kept
        pool.secured("u", way)
    assert connection.transport.is_closing()
    assert len(oldest.endpoints) == 1, "who was given it can still go on"
    assert pool.secured("u", ways[1]) is kept
    assert pool.secured("u", ways[0]) is not oldest


async def test_connections_that_idle_can_be_given_back() -> None:
    pool, (way,) = new_pool(), securities(1)
    pool.put(Upstream("u", endpoints(1)))
    plain, secured = pool.get("u"), pool.secured("u", way)
    assert plain is not None and secured is not None
    closed = [idle(each.endpoints[0]) for each in (plain, secured)]
    pool.close_idle()
    assert [each.transport.is_closing() for each in closed] == [True, True]
    (endpoint,) = plain.endpoints
    kept = idle(endpoint)
    assert not kept.transport.is_closing(), "new ones are kept as ever"
    kept.close()
