"""What one request must not leave behind on a connection that the next one uses."""

from __future__ import annotations

import asyncio
import logging

import pytest
from support.clients import connect, fetch
from support.pods import OK, Visit, answering, free_port, pod
from support.proxies import STREAMED, proxy, simple
from support.waiting import until
from support.websockets import SWITCH, UPGRADE

from ingressd.routing.policy import AffinityMode, CookieAffinity, Policy


async def test_a_pod_that_answered_early_never_takes_the_next_request_for_a_body() -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        await visit.reader.read()

    async with (
        pod(script) as web,
        proxy(simple([web.port], STREAMED)) as running,
        connect(running.port) as client,
    ):
        await client.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000\r\n\r\nx")
        assert (await client.response()).status == 413
        assert (await fetch(running.port)).status == 413
    assert web.connections == 2


async def test_a_declined_upgrade_ends_the_connection_after_a_whole_answer() -> None:
    async with (
        pod(answering(OK)) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        response = await client.get(extra=UPGRADE)
        assert (response.body, response.value(b"connection")) == (b"ok", b"close")
        assert await client.at_eof()


async def test_an_upgrade_with_a_body_is_a_plain_request() -> None:
    async with pod() as web, proxy(simple([web.port])) as running, connect(running.port) as client:
        await client.send(
            b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n" + UPGRADE + b"\r\n"
        )
        await client.send(b"hello")
        assert (await client.response()).body == b"hello"
    assert web.requests[0].value(b"upgrade") is None


@pytest.mark.parametrize("size", [1000, 100_000])
async def test_a_body_that_nobody_wanted_does_not_block_the_connection(size: int) -> None:
    async with pod() as web, proxy(simple([web.port])) as running, connect(running.port) as client:
        head = b"POST / HTTP/1.1\r\nHost: other.test\r\nContent-Length: %d\r\n\r\n" % size
        await client.send(head + bytes(size))
        response = await client.response()
        assert response.status == 404
        if response.value(b"connection") != b"close":
            assert (await client.get()).status == 200


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nUpgrade: h2,h2c\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nUpgrade: h2,h2c\r\nConnection: Upgrade\r\n\r\n",
    ],
)
async def test_a_pod_may_offer_an_upgrade_with_any_answer(answer: bytes) -> None:
    """Apache does, with every answer."""
    async with (
        pod(answering(answer)) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        for _ in range(2):
            response = await client.get()
            assert response.status == int(answer[9:12])
            assert response.value(b"upgrade") is None


async def test_an_offer_to_upgrade_before_a_body_without_length() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\nUpgrade: h2\r\nConnection: Upgrade\r\n\r\nsome")
        await visit.send(b" bytes")

    async with pod(script) as web, proxy(simple([web.port])) as running:
        assert (await fetch(running.port)).body == b"some bytes"


async def test_a_retry_takes_a_fresh_connection() -> None:
    """All idle connections to a pod die together, as when it restarts."""
    together = asyncio.Barrier(4)

    async def script(visit: Visit) -> None:
        await visit.request()
        if visit.pod.connections <= 4:
            await together.wait()
            await visit.send(OK)
            await visit.request()
        else:
            await visit.send(OK)

    async with pod(script) as web, proxy(simple([web.port])) as running:
        await asyncio.gather(*(fetch(running.port) for _ in range(4)))
        assert (await fetch(running.port)).status == 200


async def test_a_client_without_a_cookie_is_not_bound_to_a_pod_that_refuses() -> None:
    policy = Policy(affinity=CookieAffinity(mode=AffinityMode.BALANCED))
    async with pod() as web, proxy(simple([free_port(), web.port], policy)) as running:
        assert [(await fetch(running.port)).status for _ in range(8)] == [200] * 8


async def test_a_switch_carries_the_affinity_cookie() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(SWITCH)

    policy = Policy(affinity=CookieAffinity())
    async with (
        pod(script) as web,
        proxy(simple([web.port], policy)) as running,
        connect(running.port) as client,
    ):
        response = await client.get(extra=UPGRADE)
    assert response.status == 101
    assert (response.value(b"set-cookie") or b"").startswith(b"INGRESSCOOKIE=")


async def test_a_client_that_leaves_mid_upload_leaves_no_complaint(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gone = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.reader.read()
        gone.set()

    async with pod(script) as web, proxy(simple([web.port], STREAMED)) as running:
        async with connect(running.port) as client:
            await client.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000\r\n\r\nx")
            await web.arrived.wait()
        await gone.wait()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_the_rest_of_a_head_behind_a_chunked_body_is_not_parsed_as_a_request() -> None:
    answer = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        await answer.wait()
        await visit.send(OK)
        await visit.request()

    chunked = b"POST /1 HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with (
        pod(script) as web,
        proxy(simple([web.port], STREAMED)) as running,
        connect(running.port) as client,
    ):
        await client.send(chunked)
        await web.arrived.wait()  # the head is in, so that body and next head come in one read
        await client.send(b"5\r\nhello\r\n0\r\n\r\nGET /2 HTTP/1.1\r\nHost: a.test\r\nX-Quote: ")
        answer.set()
        await until(lambda: web.requests[0].body == b"hello")
        client.writer.write(b"GET /hidden HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert (await client.response()).body == b"ok"
        assert await client.at_eof()
    assert [request.line for request in web.requests] == [b"POST /1 HTTP/1.1"]


@pytest.mark.parametrize(
    ("request_bytes", "statuses"),
    [
        (b"CONNECT / HTTP/1.1\r\nHost: a.test\r\n\r\n", {400, 501}),
        (b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n", {400, 501}),
        (
            b"POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            {400, 501},
        ),
        (
            b"POST / HTTP/1.0\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            {400, 501},
        ),
        (
            b"POST / HTTP/1.1\r\nHost: a.test\r\n"
            b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
            {400, 501},
        ),
    ],
)
async def test_what_would_end_differently_elsewhere_is_refused(
    request_bytes: bytes, statuses: set[int]
) -> None:
    async with pod() as web, proxy(simple([web.port])) as running, connect(running.port) as client:
        await client.send(request_bytes)
        assert (await client.response()).status in statuses
        assert await client.at_eof()
    assert web.requests == []


async def test_white_space_around_a_value_is_not_a_part_of_it() -> None:
    async with pod() as web, proxy(simple([web.port])) as running, connect(running.port) as client:
        await client.send(b"GET / HTTP/1.1\r\nHost: \ta.test \t\r\nX-Word:  w \t\r\n\r\n")
        assert (await client.response()).status == 200
    assert b"X-Word: w\r\n" in web.requests[0].raw_head


async def test_h2c_hidden_in_a_list_is_not_offered_to_the_pod() -> None:
    async with (
        pod(answering(OK)) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        await client.get(extra=b"Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n")
    assert web.requests[0].value(b"upgrade") is None
