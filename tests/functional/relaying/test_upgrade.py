"""WebSockets and other upgraded connections."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from support.clients import Client, connect
from support.pods import OK, Script, Visit, answering, pod
from support.proxies import Running, proxy, route, simple, upstream
from support.websockets import converse, websocket_pod

from ingressd.routing.delta import Delta
from ingressd.routing.model import Host
from ingressd.routing.policy import DEFAULT_POLICY, Policy, Timeouts

SWITCH = b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: %b\r\nX-Pod: 1\r\n\r\n"
ASK = b"GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: %b\r\n\r\n"


def echoing(protocol: bytes, first: bytes = b"") -> Script:
    """Agrees to the upgrade, says ``first``, then sends back what it gets in upper case."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(SWITCH % protocol + first)
        while data := await visit.reader.read(1 << 16):
            await visit.send(data.upper())

    return script


@asynccontextmanager
async def tunnel(
    script: Script, policy: Policy = DEFAULT_POLICY
) -> AsyncIterator[tuple[Running, Client]]:
    """A data plane, and a client that it has switched through to a pod."""
    async with (
        pod(script) as web_pod,
        proxy(simple([web_pod.port], policy)) as running,
        connect(running.port) as client,
    ):
        await client.send(ASK % b"websocket")
        assert (await client.response()).status == 101
        yield running, client


@pytest.mark.parametrize("protocol", [b"websocket", b"WebSocket"])
async def test_bytes_flow_both_ways_after_101(protocol: bytes) -> None:
    async with (
        pod(echoing(protocol, b"hello")) as web_pod,
        proxy(simple([web_pod.port])) as running,
        connect(running.port) as client,
    ):
        await client.send(ASK % protocol)
        response = await client.response()
        assert response.status == 101
        assert response.value(b"upgrade") == protocol
        assert response.value(b"connection") == b"Upgrade"
        assert response.value(b"x-pod") == b"1"
        assert await client.reader.readexactly(5) == b"hello"
        await client.send(b"GET / HTTP/1.1\r\n\r\n")
        assert await client.reader.readexactly(18) == b"GET / HTTP/1.1\r\n\r\n"
    seen = web_pod.requests[0]
    assert seen.value(b"connection") == b"Upgrade"
    assert seen.value(b"upgrade") == protocol


async def test_a_real_websocket_client_and_server() -> None:
    async with (
        websocket_pod() as port,
        proxy(simple([port])) as running,
        aiohttp.ClientSession() as session,
        session.ws_connect(
            f"http://127.0.0.1:{running.port}/", headers={"Host": "a.test"}
        ) as client,
    ):
        await converse(client)


async def test_a_pod_that_declines_gives_a_plain_answer() -> None:
    async with (
        pod(answering(OK)) as web_pod,
        proxy(simple([web_pod.port])) as running,
        connect(running.port) as client,
    ):
        await client.send(ASK % b"websocket" + b"GET /behind HTTP/1.1\r\nHost: a.test\r\n\r\n")
        response = await client.response()
        assert (response.body, response.value(b"connection")) == (b"ok", b"close")
        assert await client.at_eof()
    assert len(web_pod.requests) == 1


async def test_h2c_is_not_offered_to_the_pod() -> None:
    async with (
        pod(answering(OK)) as web_pod,
        proxy(simple([web_pod.port])) as running,
        connect(running.port) as client,
    ):
        await client.send(ASK % b"h2c")
        assert (await client.response()).body == b"ok"
    assert web_pod.requests[0].value(b"upgrade") is None


async def test_either_side_may_hang_up() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(SWITCH % b"websocket" + b"bye")

    async with tunnel(script) as (_, client):
        assert await client.reader.read() == b"bye"


async def test_the_last_bytes_of_a_client_that_leaves_reach_the_pod() -> None:
    received = bytearray()

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(SWITCH % b"websocket")
        while data := await visit.reader.read(1 << 16):
            received.extend(data)
        visit.pod.arrived.set()

    async with pod(script) as web_pod, proxy(simple([web_pod.port])) as running:
        async with connect(running.port) as client:
            await client.send(ASK % b"websocket")
            await client.response()
            web_pod.arrived.clear()
            await client.send(b"goodbye")
        await web_pod.arrived.wait()
    assert bytes(received) == b"goodbye"


async def test_a_tunnel_survives_changes_even_the_end_of_its_own_route() -> None:
    async with tunnel(echoing(b"websocket")) as (running, client):
        running.apply(Delta(0, hosts=(Host("b.test", (route(host="b.test"),)),)))
        running.set_endpoints([])
        running.apply(Delta(0, removed_hosts=("a.test",), removed_upstreams=(upstream([]).key,)))
        await client.send(b"still here")
        assert await client.reader.readexactly(10) == b"STILL HERE"


async def test_an_idle_tunnel_is_cut_after_its_timeout() -> None:
    policy = Policy(timeouts=Timeouts(tunnel=0.3))
    async with tunnel(echoing(b"websocket"), policy) as (_, client):
        assert await client.at_eof()


async def test_a_tunnel_holds_back_a_client_that_is_faster_than_the_pod() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(SWITCH % b"websocket")
        total = 0
        while total < 16 << 20:
            total += len(await visit.reader.read(1 << 16))
        await visit.send(b"%d" % total)

    async with tunnel(script) as (_, client):
        for _ in range(16):
            await client.send(bytes(1 << 20))
        assert await client.reader.readexactly(8) == b"%d" % (16 << 20)
