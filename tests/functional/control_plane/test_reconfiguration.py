"""Changes of the table under traffic."""

from __future__ import annotations

import asyncio

from support.clients import connect, fetch
from support.pods import Visit, named, pod
from support.proxies import BACKEND, STREAMED, proxy, route, simple, upstream

from ingressd.routing.delta import Delta
from ingressd.routing.model import Host, PathKind


async def test_a_download_outlives_the_endpoint_and_the_route() -> None:
    total = 32 << 20
    go_on = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
        await visit.send(bytes(total // 2))
        await go_on.wait()
        await visit.send(bytes(total // 2))

    async with (
        pod(script) as old,
        pod(named(b"new")) as new,
        proxy(simple([old.port])) as running,
        connect(running.port) as client,
    ):
        await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        await old.arrived.wait()
        running.set_endpoints([new.port])
        assert (await fetch(running.port)).body == b"new"
        running.apply(Delta(0, removed_hosts=("a.test",), removed_upstreams=(BACKEND.upstream,)))
        assert (await fetch(running.port)).status == 404
        go_on.set()
        response = await client.response()
    assert response.complete and len(response.body) == total
    assert len(old.requests) == 1


async def test_an_endpoint_that_is_gone_gets_nothing_more_and_its_idle_connections_close() -> None:
    closed = asyncio.Event()

    async def script(visit: Visit) -> None:
        while await visit.request():
            await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold")
        closed.set()

    async with (
        pod(script) as old,
        pod(named(b"new")) as new,
        proxy(simple([old.port])) as running,
    ):
        assert (await fetch(running.port)).body == b"old"
        running.set_endpoints([new.port])
        assert [(await fetch(running.port)).body for _ in range(5)] == [b"new"] * 5
        await closed.wait()


async def test_scale_to_zero_and_back() -> None:
    async with pod(named(b"web")) as web, proxy(simple([web.port])) as running:
        running.set_endpoints([])
        assert (await fetch(running.port)).status == 503
        running.set_endpoints([web.port])
        assert (await fetch(running.port)).body == b"web"


async def test_routes_come_and_go_on_an_open_connection() -> None:
    async with (
        pod(named(b"web")) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        assert (await client.get(b"/x")).status == 200
        only_y = Host("a.test", (route("/y", PathKind.EXACT),))
        running.apply(Delta(0, hosts=(only_y,)))
        assert (await client.get(b"/x")).status == 404
        assert (await client.get(b"/y")).status == 200


async def test_a_whole_table_replaces_what_was_there() -> None:
    async with pod(named(b"web")) as web, proxy(simple([web.port])) as running:
        other = Host("b.test", (route(host="b.test"),))
        running.apply(Delta(0, reset=True, hosts=(other,), upstreams=(upstream([web.port]),)))
        assert (await fetch(running.port)).status == 404
        assert (await fetch(running.port, host=b"b.test")).body == b"web"


async def test_draining_closes_idle_connections_and_says_close_on_the_others() -> None:
    answering, go_on = asyncio.Event(), asyncio.Event()

    async def script(visit: Visit) -> None:
        while await visit.request():
            answering.set()
            await go_on.wait()
            await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async with (
        pod(script) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as idle,
        connect(running.port) as busy,
    ):
        go_on.set()
        await idle.get()
        go_on.clear()
        answering.clear()
        await busy.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        await answering.wait()
        running.proxy.drain()
        assert await idle.at_eof()
        go_on.set()
        response = await busy.response()
        assert response.body == b"ok"
        late = await fetch(running.port)
    assert late.value(b"connection") == b"close"


async def test_stopping_finishes_what_is_in_flight() -> None:
    arrived = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        arrived.set()
        await asyncio.sleep(0.2)  # the work the pod does; nothing waits on a guess
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")

    async with (
        pod(script) as web,
        proxy(simple([web.port]), grace=5) as running,
        connect(running.port) as client,
    ):
        await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        await arrived.wait()
        stopping = asyncio.create_task(running.proxy.stop(5))
        assert (await client.response()).body == b"done"
        await stopping


async def test_stopping_finishes_an_upload() -> None:
    async with (
        pod() as web,
        proxy(simple([web.port], STREAMED), grace=5) as running,
        connect(running.port) as client,
    ):
        await client.send(b"PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 6\r\n\r\nabc")
        await web.arrived.wait()
        stopping = asyncio.create_task(running.proxy.stop(5))
        await asyncio.sleep(0)
        await client.send(b"def")
        assert (await client.response()).body == b"abcdef"
        await stopping
