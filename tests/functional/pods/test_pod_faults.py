"""What clients notice when something happens to a pod.

==========================================  ======================================================
what happens                                where it is tested
==========================================  ======================================================
refuses connections                         test_failures (passed over), test_balancing (avoided)
answers no SYN (a black hole)               here
either, as one of three, for long           test_pods_under_load
accepts and closes, or speaks first         here
dies before, within, behind its answer      test_pod_framing (cut short), test_pod_retries
resets a body that ends with the close      test_pod_framing (until close)
sends its head slowly                       here
falls silent in head or body                test_pod_framing (cut short)
drips its body for longer than any timeout  here
half-closes behind its answer, or before    here
answers early and resets                    test_pod_race
closes an idle connection as we send        test_pod_race, test_pod_retries, here (POST)
does so all the time                        test_pods_under_load
sends bytes on an idle connection           test_forwarding, test_pod_race
leaves the table while it answers           here, test_reconfiguration
all of them leave, and come back            here, test_reconfiguration, test_changes_under_load
all of them are about to leave              test_changes_under_load
declines an upgrade                         here, test_reuse
reads slowly, or its client does            test_bodies, test_flat_memory (memory)
its client leaves                           test_bodies; 500 up, 500 down: test_client_aborts
==========================================  ======================================================
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest
from support.clients import connect, fetch
from support.pod_answers import IMPATIENT
from support.pods import OK, Visit, answering, black_hole, named, pod
from support.proxies import proxy, simple
from support.waiting import until

from ingressd.routing.policy import Policy, Retries, RetryAfter, Timeouts


@pytest.mark.parametrize("method", [b"GET", b"POST"])
async def test_a_black_hole_costs_its_timeout_once_and_is_avoided_then(method: bytes) -> None:
    request = b"%b / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi" % method
    with black_hole() as hole:
        async with (
            pod(named(b"alive")) as web,
            proxy(simple([hole, web.port], IMPATIENT)) as running,
            connect(running.port) as client,
        ):
            for _ in range(6):
                await client.send(request)
                assert (await client.response()).body == b"alive"
            failures = running.proxy.snapshot().upstream_connect_failures
    assert failures == {"default/web:80": 1}


@pytest.mark.parametrize(
    ("holes", "retries", "attempts"),
    [(1, Retries(), 1), (4, Retries(), 2), (4, Retries(RetryAfter(timeout=True)), 3)],
)
async def test_nothing_but_black_holes_is_504(holes: int, retries: Retries, attempts: int) -> None:
    policy = Policy(timeouts=Timeouts(connect=0.1), retries=retries)
    with ExitStack() as stack:
        ports = [stack.enter_context(black_hole()) for _ in range(holes)]
        async with proxy(simple(ports, policy)) as running:
            assert (await fetch(running.port)).status == 504
            failures = running.proxy.snapshot().upstream_connect_failures
    assert failures == {"default/web:80": attempts}


async def test_one_request_finds_out_whether_a_black_hole_is_one_still() -> None:
    policy = Policy(timeouts=Timeouts(connect=0.2))
    with black_hole() as hole:
        async with (
            pod(named(b"alive")) as web,
            proxy(simple([hole, web.port], policy)) as running,
        ):
            (upstream,) = running.proxy._pool._upstreams.values()
            silent = upstream.endpoints[0]
            silent.avoid(0)  # it has failed, and may be tried again
            may_try_at = silent.avoid_until
            asking = [asyncio.create_task(fetch(running.port)) for _ in range(2)]
            await until(lambda: silent.avoid_until > may_try_at)
            answers = [await fetch(running.port) for _ in range(10)]
            answers += await asyncio.gather(*asking)
            failures = running.proxy.snapshot().upstream_connect_failures
    assert {answer.body for answer in answers} == {b"alive"}
    assert failures == {"default/web:80": 1}


async def test_a_pod_that_accepts_and_closes_is_502() -> None:
    async def script(visit: Visit) -> None:
        visit.reset()

    async with pod(script) as web, proxy(simple([web.port])) as running:
        assert (await fetch(running.port)).status == 502


async def test_a_head_that_drips_has_no_longer_than_a_silent_pod() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\nX: ")
        while not visit.writer.transport.is_closing():
            await visit.send(b"y")
            await asyncio.sleep(0.02)  # the pod's pace

    async with pod(script) as web, proxy(simple([web.port], IMPATIENT)) as running:
        assert (await fetch(running.port)).status == 504
    assert len(web.requests) == 1


@pytest.mark.parametrize("framing", [b"Content-Length: 8\r\n", b""])
async def test_a_body_may_drip_for_longer_than_any_timeout(framing: bytes) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\n%b\r\n" % framing)
        for _ in range(8):
            await asyncio.sleep(0.15)  # the pod's pace; all of it is longer than the read timeout
            await visit.send(b".")

    async with pod(script) as web, proxy(simple([web.port], IMPATIENT)) as running:
        response = await fetch(running.port)
    assert (response.body, response.complete) == (b"." * 8, True)


async def test_an_answer_that_never_ends_is_passed_on_while_it_lasts() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await visit.send(bytes(65_536))

    async with (
        pod(script) as web,
        proxy(simple([web.port], IMPATIENT)) as running,
        connect(running.port) as client,
    ):
        await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        await client.reader.readexactly(32 << 20)


@pytest.mark.parametrize("answer", [OK, b"HTTP/1.1 204 No Content\r\n\r\n"])
async def test_a_half_close_behind_an_answer_ends_the_connection_only(answer: bytes) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(answer)
        visit.writer.write_eof()
        await visit.reader.read()

    async with (
        pod(script) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        for _ in range(3):
            assert (await client.get()).status in (200, 204)
    assert web.connections == 3


async def test_a_half_close_instead_of_an_answer_is_502() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        visit.writer.write_eof()
        await visit.reader.read()

    async with pod(script) as web, proxy(simple([web.port])) as running:
        assert (await fetch(running.port)).status == 502


async def test_a_post_is_not_lost_to_connections_that_close_when_idle() -> None:
    """The pod closes each connection right behind its answer, without a word."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(OK)

    async with (
        pod(script) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        for _ in range(50):
            await client.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\n\r\nx")
            assert (await client.response()).status == 200
    assert len(web.requests) == 50


async def test_a_connection_is_closed_before_the_time_that_the_pod_names() -> None:
    closed = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(OK.replace(b"\r\n", b"\r\nKeep-Alive: timeout=2\r\n", 1))
        await visit.reader.read()
        closed.set()

    async with pod(script) as web, proxy(simple([web.port])) as running:
        await fetch(running.port)
        async with asyncio.timeout(2):
            await closed.wait()


async def test_every_endpoint_leaves_while_one_answers_and_comes_back() -> None:
    go_on = asyncio.Event()

    async def script(visit: Visit) -> None:
        while await visit.request():
            await go_on.wait()
            await visit.send(OK)

    async with (
        pod(script) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        await web.arrived.wait()
        running.set_endpoints([])
        assert (await fetch(running.port)).status == 503
        go_on.set()
        assert (await client.response()).body == b"ok"
        assert (await client.get()).status == 503
        running.set_endpoints([web.port])
        assert (await client.get()).body == b"ok"
    assert web.connections == 2  # what the endpoint had when it left was not kept


async def test_a_pod_that_dies_and_returns_on_its_port_is_found_again() -> None:
    async with pod(named(b"first")) as web:
        port = web.port
        async with proxy(simple([port])) as running, connect(running.port) as client:
            assert (await client.get()).body == b"first"
            await web.stop()
            assert (await client.get()).status == 502
            async with pod(named(b"second"), port):
                assert (await client.get()).body == b"second"
            await web.start()


async def test_what_a_client_sent_ahead_of_a_declined_upgrade_stays_here() -> None:
    async with (
        pod(answering(OK)) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        await client.send(
            b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
            b"GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n"
        )
        assert (await client.response()).body == b"ok"
        assert await client.at_eof()
    assert [request.line for request in web.requests] == [b"GET / HTTP/1.1"]
