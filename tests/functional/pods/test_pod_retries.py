"""When a request is sent a second time (RFC 9110 section 9.2.2, RFC 9112 section 9.3.1).

Once nothing of it can have been sent, always, to the next pod. When a connection that had been used
before dies without an answer, once, on a fresh connection, if the method is idempotent and the body
at hand. Never else: not after a byte of an answer, not after a timeout, not when the connection was
made for this very request, and no more than once.
"""

from __future__ import annotations

import pytest
from support.clients import Client, Response, connect
from support.pod_answers import IMPATIENT
from support.pods import OK, Script, Visit, echo, free_port, pod
from support.proxies import STREAMED, proxy, simple

IDEMPOTENT = [b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE"]
OTHERS = [b"POST", b"PATCH", b"PROPFIND"]


async def ask(client: Client, method: bytes, body: bytes = b"") -> Response:
    """Send a request whose body, if any, comes with its head."""
    length = b"Content-Length: %d\r\n" % len(body) if body else b""
    await client.send(b"%b /x HTTP/1.1\r\nHost: a.test\r\n%b\r\n%b" % (method, length, body))
    return await client.response(is_head=method == b"HEAD")


def failing(part: bytes = b"", *, resets: bool = False) -> Script:
    """A pod that serves, but for the second request on its first connection: ``part`` of an answer
    is all that gets.
    """

    async def script(visit: Visit) -> None:
        while await visit.request():
            if (visit.pod.connections, visit.served) == (1, 2):
                await visit.send(part)
                if resets:
                    visit.reset()
                return
            await visit.send(OK)

    return script


async def die(visit: Visit) -> None:
    """Reads a request and hangs up without a word."""
    await visit.request()


@pytest.mark.parametrize("resets", [False, True])
@pytest.mark.parametrize("method", IDEMPOTENT)
async def test_a_used_connection_that_dies_costs_an_idempotent_request_nothing(
    method: bytes, resets: bool
) -> None:
    async with (
        pod(failing(resets=resets)) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        assert (await client.get()).status == 200
        assert (await ask(client, method)).status == 200
        retries = running.proxy.snapshot().upstream_retries
    assert (len(web.requests), web.connections) == (3, 2)
    assert retries == {"default/web:80": 1}


@pytest.mark.parametrize("resets", [False, True])
@pytest.mark.parametrize("method", OTHERS)
async def test_a_used_connection_that_dies_fails_a_request_that_may_have_been_carried_out(
    method: bytes, resets: bool
) -> None:
    async with (
        pod(failing(resets=resets)) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        assert (await client.get()).status == 200
        assert (await ask(client, method, b"once")).status == 502
    assert len(web.requests) == 2


@pytest.mark.parametrize("method", [*IDEMPOTENT, *OTHERS])
async def test_a_fresh_connection_that_dies_is_the_end(method: bytes) -> None:
    """The request may be what kills pods: it must not go round them."""
    async with (
        pod(die) as one,
        pod(die) as other,
        proxy(simple([one.port, other.port])) as running,
        connect(running.port) as client,
    ):
        assert (await ask(client, method)).status == 502
    assert len(one.requests) + len(other.requests) == 1


async def test_a_second_try_that_dies_is_the_last() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        if visit.pod.connections == 1:
            await visit.send(OK)
            await visit.request()

    async with (
        pod(script) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        assert (await client.get()).status == 200
        assert (await client.get()).status == 502
    assert (len(web.requests), web.connections) == (3, 2)


@pytest.mark.parametrize(
    "part",
    [b"H", b"HTTP/1.1 2", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: y\r\n"],
)
async def test_a_byte_of_an_answer_rules_out_a_second_try(part: bytes) -> None:
    async with (
        pod(failing(part)) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        assert (await client.get()).status == 200
        assert (await client.get()).status == 502
    assert (len(web.requests), web.connections) == (2, 1)


async def test_a_timeout_rules_out_a_second_try() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(OK)
        await visit.request()
        await visit.reader.read()

    async with (
        pod(script) as web,
        proxy(simple([web.port], IMPATIENT)) as running,
        connect(running.port) as client,
    ):
        assert (await client.get()).status == 200
        assert (await client.get()).status == 504
    assert (len(web.requests), web.connections) == (2, 1)


async def test_a_small_body_is_sent_again_whole() -> None:
    async with (
        pod(failing()) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        assert (await client.get()).status == 200
        assert (await ask(client, b"PUT", b"hi")).status == 200
    assert [request.body for request in web.requests] == [b"", b"hi", b"hi"]


async def test_a_body_that_was_passed_on_is_not_sent_again() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(OK)
        await visit.head()

    async with (
        pod(script) as web,
        proxy(simple([web.port], STREAMED)) as running,
        connect(running.port) as client,
    ):
        await client.get()
        await client.send(b"PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 9\r\n\r\nhalf")
        assert (await client.response()).status == 502
    assert len(web.requests) == 2


async def test_a_body_is_read_only_once_there_is_a_pod_for_it() -> None:
    async with (
        pod(echo) as web,
        proxy(simple([free_port(), free_port(), web.port], STREAMED)) as running,
    ):
        for _ in range(3):
            async with connect(running.port) as client:
                await client.send(
                    b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 8\r\n\r\nhalf"
                )
                await client.send(b"half")
                assert (await client.response()).body == b"halfhalf"
    assert len(web.requests) == 3


async def test_three_pods_are_tried_and_no_more() -> None:
    async with (
        proxy(simple([free_port() for _ in range(5)])) as running,
        connect(running.port) as client,
    ):
        assert (await client.get()).status == 502
        failures = running.proxy.snapshot().upstream_connect_failures
    assert failures == {"default/web:80": 3}
