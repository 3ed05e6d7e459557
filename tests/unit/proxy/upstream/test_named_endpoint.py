"""An endpoint with a name: its addresses, one after the other, and when they change."""

from __future__ import annotations

import socket

import pytest
from support.pods import Visit, black_hole, free_port, pod
from support.upstreams import Names, dialer

from ingressd.proxy.upstream.connection import CLOSED, UpstreamConnection
from ingressd.proxy.upstream.endpoint import ConnectFailed
from ingressd.proxy.upstream.named_endpoint import NamedEndpoint
from ingressd.proxy.upstream.receiver import Failure
from ingressd.routing.model import Endpoint

HERE, SILENT, REFUSING, OTHER = (f"127.0.0.{number}" for number in range(1, 5))


def named(names: Names, port: int = 80, name: str = "web.test") -> NamedEndpoint:
    return NamedEndpoint(Endpoint(name, port), dialer(names))


async def connected(endpoint: NamedEndpoint, timeout: float = 1) -> UpstreamConnection:
    """A new connection that is free for a request."""
    connection = await endpoint.connect(timeout)
    endpoint.keep(connection)
    return connection


async def wait_to_the_end(visit: Visit) -> None:
    await visit.reader.read()


@pytest.mark.parametrize("name", ["missing.test", "empty.test"])
async def test_a_name_without_an_address_is_a_failure_of_its_own(name: str) -> None:
    with pytest.raises(ConnectFailed) as failed:
        await named(Names(), name=name).connect(1)
    assert failed.value.failure is Failure.UNRESOLVED


async def test_each_address_is_tried() -> None:
    async with pod(wait_to_the_end) as web:
        (await connected(named(Names(REFUSING, HERE), web.port))).abort()


async def test_a_silent_address_leaves_time_for_the_next_which_is_first_from_then_on() -> None:
    with black_hole(SILENT) as port:
        async with pod(wait_to_the_end, port=port) as web:
            endpoint = named(Names(SILENT, HERE), web.port)
            first = await endpoint.connect(0.4)
            second = await endpoint.connect(0.05)  # too short for waiting in between
            assert web.connections == 2
            first.abort()
            second.abort()


async def test_a_connection_is_used_again_while_its_address_is_one_of_the_name() -> None:
    async with pod(wait_to_the_end) as web:
        names = Names(HERE)
        endpoint = named(names, web.port)
        connection = await connected(endpoint)
        assert endpoint.take_idle() is connection
        endpoint.keep(connection)
        names.addresses = (REFUSING, HERE)
        assert endpoint.take_idle() is connection
        connection.abort()


async def test_no_connection_is_used_while_dns_has_to_be_asked() -> None:
    async with pod(wait_to_the_end) as web:
        names = Names(HERE)
        endpoint = named(names, web.port)
        connection = await connected(endpoint)
        names.is_fresh = False
        assert endpoint.take_idle() is None
        names.is_fresh = True
        assert endpoint.take_idle() is connection
        connection.abort()


async def test_connections_to_an_address_that_the_name_has_lost_end() -> None:
    async with pod(wait_to_the_end) as web:
        names = Names(HERE)
        endpoint = named(names, web.port)
        idle, busy = await connected(endpoint), await endpoint.connect(1)
        names.addresses = (REFUSING,)
        assert endpoint.take_idle() is None
        assert idle.phase == CLOSED
        endpoint.keep(busy)
        assert busy.phase == CLOSED


async def test_so_they_do_when_dns_was_asked_in_between() -> None:
    async with pod(wait_to_the_end) as web:
        with socket.create_server((OTHER, web.port)):
            names = Names(HERE)
            endpoint = named(names, web.port)
            idle = [await endpoint.connect(1) for _ in range(2)]
            for connection in idle:
                endpoint.keep(connection)
            names.is_fresh, names.addresses = False, (OTHER,)
            assert endpoint.take_idle() is None
            moved = await connected(endpoint)
            assert [connection.phase for connection in idle] == [CLOSED, CLOSED]
            names.is_fresh = True
            assert endpoint.take_idle() is moved
            moved.abort()


async def test_what_refuses_is_remembered() -> None:
    endpoint = named(Names(HERE), free_port())
    with pytest.raises(ConnectFailed) as failed:
        await endpoint.connect(1)
    assert failed.value.failure is Failure.REFUSED
    assert endpoint.avoid_until > 0
