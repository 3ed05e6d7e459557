"""Copies of requests: what they hold, and that nobody waits for them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.annotated import ingress, served
from support.clients import Client, connect
from support.pods import OK, Visit, answering, echo, free_port, pod
from support.proxies import proxy, simple
from support.waiting import until

from ingressd.proxy.mirroring.copies import MOST
from ingressd.routing.policy import Buffering, Mirror, Policy

KIB = 1024
BODY = bytes(range(256)) * 1200


def mirrored(port: int, path: str = "$request_uri", **fields: object) -> Policy:
    """A policy that sends copies to a port."""
    mirror = Mirror(f"http://127.0.0.1:{port}{path}", **fields)  # type: ignore[arg-type]
    return Policy(body_limit=0, mirror=mirror)


async def post(client: Client, body: bytes, *, chunked: bool = False) -> bytes:
    head = b"POST /a?b=c HTTP/1.1\r\nHost: a.test\r\nX-Own: 1\r\n"
    if chunked:
        await client.send(head + b"Transfer-Encoding: chunked\r\n\r\n")
        await client.send(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
    else:
        await client.send(b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body))
    return (await client.response()).body


@pytest.mark.parametrize("size", [5, 100 * KIB, 300 * KIB])
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("requests", [False, True])
async def test_a_copy_is_the_request_as_its_pod_gets_it(
    size: int, chunked: bool, requests: bool
) -> None:
    async with pod() as web, pod() as other:
        policy = Policy(
            body_limit=0,
            mirror=Mirror(f"http://localhost:{other.port}/copy$request_uri"),
            buffering=Buffering(requests=requests),
        )
        async with proxy(simple([web.port], policy)) as running, connect(running.port) as client:
            assert await post(client, BODY[:size], chunked=chunked) == BODY[:size]
            await until(lambda: bool(other.requests) and len(other.requests[0].body) == size)
    (copy,), (seen,) = other.requests, web.requests
    assert copy.line == b"POST /copy/a?b=c HTTP/1.1"
    assert copy.body == seen.body == BODY[:size]
    assert copy.values(b"host") == [b"localhost"]
    assert copy.values(b"content-length") == [b"%d" % size]
    assert copy.value(b"transfer-encoding") is None
    for name in (b"x-own", b"x-request-id", b"x-forwarded-for", b"x-real-ip", b"x-forwarded-host"):
        assert copy.values(name) == seen.values(name) != []


async def test_a_client_is_asked_only_once_for_a_body_that_two_want() -> None:
    async with (
        pod() as web,
        pod() as other,
        proxy(simple([web.port], mirrored(other.port))) as running,
        connect(running.port) as client,
    ):
        await client.send(
            b"POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\n"
            b"Content-Length: %d\r\n\r\n" % len(BODY)
        )
        assert (await client.response(is_head=True)).status == 100
        await client.send(BODY)
        answer = await client.response()
        assert (answer.status, answer.body) == (200, BODY)


async def test_a_copy_may_do_without_the_body_and_have_another_host() -> None:
    async with pod() as web, pod() as other:
        policy = mirrored(other.port, "/fixed", host="other.test", sends_body=False)
        async with proxy(simple([web.port], policy)) as running, connect(running.port) as client:
            assert await post(client, b"hello") == b"hello"
            await other.arrived.wait()
    (copy,) = other.requests
    assert copy.line == b"POST /fixed HTTP/1.1"
    assert copy.values(b"host") == [b"other.test"]
    assert copy.values(b"content-length") == [b"0"]


async def test_requests_without_a_body_are_copied_on_connections_that_stay() -> None:
    async with (
        pod() as web,
        pod() as other,
        proxy(simple([web.port], mirrored(other.port))) as running,
        connect(running.port) as client,
    ):
        for number in range(3):
            assert (await client.get(b"/%d" % number)).status == 200
            await until(lambda number=number: len(other.requests) == number + 1)
            await until(lambda: not running.proxy._copies._under_way)
    assert [copy.line for copy in other.requests] == [b"GET /%d HTTP/1.1" % n for n in range(3)]
    assert other.requests[0].value(b"content-length") is None
    assert other.connections == 1


async def test_a_mirror_that_is_not_there_is_counted_and_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with (
        pod() as web,
        proxy(simple([web.port], mirrored(free_port()))) as running,
        connect(running.port) as client,
    ):
        assert await post(client, BODY) == BODY
        await until(lambda: running.proxy.snapshot().lost_copies == 1)
    assert "mirror-target: a copy is lost" in caplog.text


async def test_a_mirror_that_hangs_delays_nobody_and_gets_so_many_at_a_time() -> None:
    async def hang(visit: Visit) -> None:
        while await visit.request():
            await asyncio.Event().wait()

    async with (
        pod(answering(OK)) as web,
        pod(hang) as other,
        proxy(simple([web.port], mirrored(other.port))) as running,
        connect(running.port) as client,
    ):
        for _ in range(MOST + 5):
            assert (await client.get()).status == 200
        assert running.proxy.snapshot().lost_copies == 5
        await until(lambda: len(other.requests) == MOST)


async def test_a_url_that_makes_no_sense_for_a_request_is_a_lost_copy() -> None:
    policy = Policy(mirror=Mirror("http://$arg_host:$arg_port/"))
    async with (
        pod(echo) as web,
        proxy(simple([web.port], policy)) as running,
        connect(running.port) as client,
    ):
        for query in (b"", b"?host=127.0.0.1&port=x", b"?host=%20&port=1"):
            assert (await client.get(b"/" + query)).status == 200
        await until(lambda: running.proxy.snapshot().lost_copies == 3)


async def test_what_is_refused_is_not_copied() -> None:
    async with pod() as web, pod() as other:
        policy = Policy(body_limit=8, mirror=Mirror(f"http://127.0.0.1:{other.port}/"))
        async with proxy(simple([web.port], policy)) as running:
            for ending, status in ((b"9\r\n123456789\r\n", 413), (b"zz\r\n", 400)):
                async with connect(running.port) as client:
                    await client.send(
                        b"POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
                    )
                    await client.send(ending)
                    assert (await client.response()).status == status
            async with connect(running.port) as client:
                assert (await client.get(b"/last")).status == 200
            await other.arrived.wait()
    assert [copy.line for copy in other.requests] == [b"GET / HTTP/1.1"]


async def test_what_annotations_say(tmp_path: Path) -> None:
    """mirror-target, mirror-host and mirror-request-body."""
    async with pod() as web, pod() as other:
        shop = ingress(
            "web", "a.test",
            mirror_target=f"http://127.0.0.1:{other.port}/copy$request_uri",
            mirror_host="$host",
            mirror_request_body="off",
        )  # fmt: skip
        async with (
            served(tmp_path, web.port, shop) as running,
            connect(running.http) as client,
        ):
            assert await post(client, b"hello") == b"hello"
            await other.arrived.wait()
    (copy,) = other.requests
    assert copy.line == b"POST /copy/a?b=c HTTP/1.1"
    assert (copy.values(b"host"), copy.body) == ([b"a.test"], b"")
