"""One endpoint: its idle connections, and what is made of failures."""

from __future__ import annotations

import asyncio
import os
import resource
import socket

import pytest
from support.pods import Visit, black_hole, free_port, pod
from support.upstreams import dialer, endpoints, idle, pooled

from ingressd.proxy.upstream.endpoint import (
    AVOID_SECONDS,
    AVOID_SILENT_SECONDS,
    FRESH_SECONDS,
    ConnectFailed,
    PooledEndpoint,
)
from ingressd.proxy.upstream.endpoints import PooledUpstream
from ingressd.proxy.upstream.pod_tls import Security, load_context
from ingressd.proxy.upstream.receiver import Failure
from ingressd.routing.global_policy import UpstreamKeepAlive
from ingressd.routing.model import Upstream
from ingressd.routing.policy import DEFAULT_POD_TLS, PodTls


async def test_the_connection_used_last_is_taken_first() -> None:
    (endpoint,) = pooled(1).endpoints
    first, second = idle(endpoint), idle(endpoint)
    assert [endpoint.take_idle() for _ in range(3)] == [second, first, None]


async def test_no_more_connections_idle_than_may_and_the_oldest_goes() -> None:
    (endpoint,) = pooled(1).endpoints
    endpoint._dialer.keep_alive = UpstreamKeepAlive(connections=2)
    first, second, third = (idle(endpoint) for _ in range(3))
    assert first.transport.is_closing()
    assert [endpoint.take_idle() for _ in range(3)] == [third, second, None]


async def test_no_connection_idles_where_none_may() -> None:
    (endpoint,) = pooled(1).endpoints
    endpoint._dialer.keep_alive = UpstreamKeepAlive(connections=0)
    assert idle(endpoint).transport.is_closing()
    assert endpoint.take_idle() is None


async def test_a_connection_that_closes_is_not_taken() -> None:
    (endpoint,) = pooled(1).endpoints
    kept, lost, closing = idle(endpoint), idle(endpoint), idle(endpoint)
    lost.connection_lost(None)
    closing.eof_received()
    assert [endpoint.take_idle(), endpoint.take_idle()] == [kept, None]


async def test_a_close_that_the_loop_has_not_told_of_is_seen_where_it_matters() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        (endpoint,) = pooled(listening.getsockname()[1]).endpoints
        connection = await endpoint.connect(1.0)
        endpoint.keep(connection)
        accepted, _ = listening.accept()
        assert endpoint.take_idle(surely_open=True) is connection
        endpoint.keep(connection)
        accepted.close()  # nothing is awaited from here on: only the kernel knows
        assert endpoint.take_idle(surely_open=True) is None


@pytest.mark.parametrize("ends", ["eof", "reset"])
async def test_a_pod_that_closes_connections_is_trusted_with_less(ends: str) -> None:
    (endpoint,) = pooled(1).endpoints
    kept, lost = idle(endpoint), idle(endpoint)
    if ends == "eof":
        lost.eof_received()
    lost.connection_lost(None if ends == "eof" else ConnectionResetError())
    assert endpoint.take_idle(surely_open=True) is None
    assert endpoint.take_idle() is kept


async def test_a_connection_that_has_idled_is_trusted_with_less() -> None:
    (endpoint,) = pooled(1).endpoints
    connection = idle(endpoint)
    endpoint._dialer.clock.now += FRESH_SECONDS + 0.1
    assert endpoint.take_idle(surely_open=True) is None
    assert endpoint.take_idle() is connection


async def test_our_own_closing_says_nothing_of_the_pod() -> None:
    (endpoint,) = pooled(1).endpoints
    closed = idle(endpoint)
    closed.expire()
    closed.connection_lost(None)
    assert endpoint._wary_until == 0.0


async def failure_of(endpoint: PooledEndpoint) -> Failure:
    with pytest.raises(ConnectFailed) as failed:
        await endpoint.connect(1)
    return failed.value.failure


async def test_a_connection_refused_is_remembered_until_one_succeeds() -> None:
    port = free_port()
    (endpoint,) = pooled(port).endpoints
    assert await failure_of(endpoint) is Failure.REFUSED
    assert endpoint.avoid_until > 0
    async with pod(port=port):
        connection = await endpoint.connect(1)
        assert endpoint.avoid_until == 0
        connection.abort()


async def test_a_connection_that_nobody_uses_expires() -> None:
    async with pod() as web:
        (endpoint,) = pooled(web.port).endpoints
        connection = await endpoint.connect(1)
        assert connection.deadline < float("inf")
        connection.abort()


async def test_seeds_are_the_same_everywhere() -> None:
    assert pooled(80).endpoints[0].seed == pooled(80).endpoints[0].seed
    assert pooled(80).endpoints[0].seed != pooled(81).endpoints[0].seed


async def test_an_endpoint_that_lets_two_attempts_time_out_is_avoided_for_longer() -> None:
    with black_hole() as port:
        (endpoint,) = pooled(port).endpoints
        now = endpoint._dialer.clock.now
        for seconds in (AVOID_SECONDS, AVOID_SILENT_SECONDS):
            with pytest.raises(ConnectFailed) as failed:
                await endpoint.connect(0.05)
            assert failed.value.failure is Failure.CONNECT_TIMEOUT
            assert endpoint.avoid_until == now + seconds


async def test_a_connection_on_which_bytes_wait_is_not_taken() -> None:
    greeted = asyncio.Event()

    async def greet(visit: Visit) -> None:
        os.write(visit.writer.get_extra_info("socket").fileno(), b"unasked")
        greeted.set()
        await visit.reader.read()

    async with pod(greet) as web:
        (endpoint,) = pooled(web.port).endpoints
        endpoint.keep(await endpoint.connect(1))
        await greeted.wait()
        assert endpoint.take_idle() is None


async def test_no_endpoint_is_to_blame_for_a_shortage_of_ours() -> None:
    async with pod() as web:
        (endpoint,) = pooled(web.port).endpoints
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))  # as if all others were in use
        try:
            with pytest.raises(ConnectFailed):
                await endpoint.connect(1.0)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert endpoint.avoid_until == 0
        (await endpoint.connect(1.0)).close()


async def test_no_tls_is_a_failure_of_the_endpoint_that_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def puzzled(visit: Visit) -> None:
        await visit.reader.read(1 << 16)
        await visit.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    way = Security(load_context(DEFAULT_POD_TLS, {}), PodTls(name="pod"), "web")
    async with pod(puzzled) as server:
        secured = PooledUpstream(Upstream("u", endpoints(server.port)), dialer(), way)
        (endpoint,) = secured.endpoints
        for _ in range(2):
            with pytest.raises(ConnectFailed) as failed:
                await endpoint.connect(5)
            assert failed.value.failure is Failure.INSECURE
    assert endpoint.avoid_until > 0
    (record,) = caplog.records
    assert f"127.0.0.1:{server.port}" in record.getMessage()
