"""What clients are refused and what is given back, on a real data plane."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack

import msgspec
import pytest
from support.certificates import CertificateAuthority
from support.clients import connect, fetch
from support.pods import OK, answering, echo, pod
from support.proxies import SETTINGS, Running, limited, proxy, simple
from support.tls_pods import TlsPod
from support.waiting import until

from ingressd.proxy.overload import relief
from ingressd.proxy.overload.guard import USUAL_CONNECTION
from ingressd.proxy.overload.relief import MOST_HELD, Relief
from ingressd.proxy.upstream.connection import CLOSED
from ingressd.routing.model import Host
from ingressd.routing.policy import Buffering, HostPolicy, Policy

ROOMY = Policy(buffering=Buffering(request_memory=1 << 25))
UPLOAD = b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 8\r\n\r\nhalf"
AUTHORITY = CertificateAuthority()


def relief_of(running: Running) -> Relief:
    server = running.proxy
    return Relief(
        server._handler, server._front, server._passthrough, server._pool, server._inquiries
    )


async def some_time(running: Running) -> None:
    """Wait until the clock of connections goes on."""
    clock, before = running.proxy._clock, running.proxy._clock.now
    await until(lambda: clock.now > before)


async def test_new_requests_are_refused_and_what_is_under_way_is_not_cut() -> None:
    async with (
        pod(answering(OK)) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as kept,
        connect(running.port) as uploading,
    ):
        assert (await kept.get()).status == 200
        await uploading.send(UPLOAD)
        await until(lambda: len(running.proxy._front.busy_connections()) == 1)
        acting = relief_of(running)
        acting.begin()
        refusal = await kept.get()
        assert (refusal.status, refusal.value(b"connection")) == (503, b"close")
        assert refusal.value(b"retry-after") == b"1"
        assert await kept.at_eof()
        assert (await fetch(running.port)).status == 503
        await uploading.send(b"half")
        assert (await uploading.response()).status == 200
        acting.end()
        assert (await fetch(running.port)).status == 200
        assert running.proxy.snapshot().shed == 2
        assert len(web.requests) == 3


async def test_idle_connections_are_closed_the_longest_idle_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relief, "CLOSED_AT_ONCE", 1)
    monkeypatch.setattr(relief, "IDLE_SECONDS", 0.001)
    async with (
        pod(answering(OK)) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as first,
        connect(running.port) as second,
        connect(running.port) as silent,
    ):
        for client in (first, second):
            assert (await client.get()).status == 200
            await some_time(running)
        acting = relief_of(running)
        acting.go_on()
        assert await first.at_eof()
        assert (await second.get()).status == 200
        await some_time(running)
        acting.go_on()
        assert await second.at_eof()
        acting.go_on()
        assert (await silent.get()).status == 200, "it has had no time to ask for anything"


async def test_who_has_just_been_answered_is_not_idle() -> None:
    async with (
        pod(answering(OK)) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        for _ in range(3):
            assert (await client.get()).status == 200
            relief_of(running).go_on()


async def test_idle_connections_to_pods_are_closed() -> None:
    async with pod(answering(OK)) as web, proxy(simple([web.port])) as running:
        assert (await fetch(running.port)).status == 200
        (endpoint,) = running.proxy._pool.get("default/web:80").endpoints  # type: ignore[union-attr]
        (connection,) = endpoint._idle
        relief_of(running).begin()
        await until(lambda: connection.phase == CLOSED)


async def test_what_clients_may_hold_follows_from_what_they_do() -> None:
    async with (
        pod(answering(OK)) as web,
        proxy(simple([web.port], ROOMY)) as running,
        connect(running.port) as uploading,
        connect(running.port) as beginning,
        connect(running.port) as idle,
    ):
        held = relief_of(running).held
        assert (await idle.get()).status == 200
        await until(lambda: held() == 3 * USUAL_CONNECTION)
        await beginning.send(b"GET / HTTP/1.1\r\n")
        await until(lambda: held() == 2 * USUAL_CONNECTION + MOST_HELD)
        await uploading.send(UPLOAD)
        buffers = (1 << 25) + ROOMY.buffering.answer_memory
        await until(lambda: held() == USUAL_CONNECTION + 2 * MOST_HELD + buffers)
        await uploading.send(b"half")
        assert (await uploading.response()).status == 200
        await until(lambda: held() == 2 * USUAL_CONNECTION + MOST_HELD)


async def test_no_more_connections_are_accepted_than_fit() -> None:
    settings = msgspec.structs.replace(SETTINGS, memory_limit=1)
    async with (
        proxy(limited(simple([]), connections=1000), settings) as running,
        AsyncExitStack() as some,
    ):
        most = running.proxy._guard.affordable(1000)
        assert 250 < most < 1000, "that is what there always is"
        for _ in range(most + 10):
            await some.enter_async_context(connect(running.port))
        await until(lambda: running.proxy.snapshot().open_connections == most)
        await some_time(running)
        assert running.proxy.snapshot().open_connections == most


async def test_what_ends_for_lack_of_memory_is_counted_and_all_else_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop = asyncio.get_running_loop()
    async with proxy(simple([])) as running:
        loop.set_exception_handler(running.proxy.on_loop_error)
        loop.call_soon(bytes, 1 << 62)
        await until(lambda: running.proxy.snapshot().memory_errors == 1)
        assert caplog.records == []
        loop.call_soon(int, "x")
        await until(lambda: len(caplog.records) == 1)
        loop.set_exception_handler(None)
        assert running.proxy.snapshot().memory_errors == 1


async def test_tls_for_pods_is_refused_and_what_is_open_stays() -> None:
    tls = TlsPod(AUTHORITY.leaf("a.test"))
    async with pod(echo, tls=tls.context) as web:
        table = simple([web.port])
        passing = Host("a.test", table.hosts[0].routes, policy=HostPolicy(passthrough=True))
        trusting = AUTHORITY.client_context()
        async with (
            proxy(msgspec.structs.replace(table, hosts=(passing,))) as running,
            connect(running.tls_port, tls=trusting, server_name="a.test") as client,
        ):
            acting = relief_of(running)
            await until(lambda: acting.held() == MOST_HELD)
            acting.begin()
            with pytest.raises((ConnectionError, ssl.SSLError)):
                async with connect(running.tls_port, tls=trusting, server_name="a.test"):
                    pass
            assert (await client.get(b"/x")).body == b"/x"
            assert running.proxy.snapshot().shed == 1
