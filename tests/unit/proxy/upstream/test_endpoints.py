"""The endpoints of an upstream: which one is next, and what a change makes of them."""

from __future__ import annotations

import asyncio

import pytest
from support.requests import Wire
from support.upstreams import endpoints, idle, pooled

from ingressd.proxy.upstream.endpoint import (
    AVOID_SECONDS,
)
from ingressd.routing.model import Endpoint, Upstream


async def test_round_robin_visits_each_endpoint_in_turn() -> None:
    upstream = pooled(1, 2, 3)
    picked = [upstream.next_endpoint(()) for _ in range(6)]
    assert picked[:3] == picked[3:] and set(picked) == set(upstream.endpoints)


async def test_tried_and_failing_endpoints_come_last() -> None:
    upstream = pooled(1, 2, 3)
    one, two, three = upstream.endpoints
    one.avoid()
    assert {upstream.next_endpoint((two,)) for _ in range(6)} == {three}
    assert {upstream.next_endpoint((two, three)) for _ in range(6)} == {one}
    assert upstream.next_endpoint((one, two, three)) is not None
    assert one.avoid_until == upstream._dialer.clock.now + AVOID_SECONDS


async def test_no_endpoint() -> None:
    assert pooled().next_endpoint(()) is None


async def test_endpoints_that_stay_keep_their_connections() -> None:
    upstream = pooled(1, 2)
    kept, gone = (idle(endpoint) for endpoint in upstream.endpoints)
    upstream.update(Upstream("u", endpoints(1, 3)))
    assert upstream.endpoints[0].take_idle() is kept
    assert isinstance(gone.transport, Wire) and gone.transport.end == "close"
    assert upstream.find(Endpoint("127.0.0.1", 2)) is None


async def test_a_connection_that_gets_free_after_its_endpoint_left_is_closed() -> None:
    upstream = pooled(1)
    (endpoint,) = upstream.endpoints
    upstream.update(Upstream("u"))
    late = idle(endpoint)
    assert isinstance(late.transport, Wire) and late.transport.end == "close"
    assert endpoint.take_idle() is None


async def test_a_name_that_becomes_an_address_is_another_endpoint() -> None:
    upstream = pooled(1)
    (before,) = upstream.endpoints
    upstream.update(Upstream("u", endpoints(1), external=True))
    assert upstream.endpoints[0] is not before


@pytest.mark.parametrize("change", ["update", "retire"])
async def test_a_change_is_waited_for(change: str) -> None:
    upstream = pooled(1)
    waiting = [asyncio.create_task(upstream.changed()) for _ in range(2)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    if change == "update":
        upstream.update(Upstream("u", endpoints(2)))
    else:
        upstream.retire()
    await asyncio.wait_for(asyncio.gather(*waiting), 5)
