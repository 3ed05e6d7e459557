"""What becomes of a request when its pod refuses, dies, stalls or talks nonsense."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from support.clients import connect, fetch
from support.pods import CUT_SHORT, OK, Script, Visit, answering, free_port, named, pod
from support.proxies import limited, proxy, simple
from support.waiting import until

from ingressd.proxy.relaying import forwarding
from ingressd.routing.policy import Policy, Retries, Timeouts

IMPATIENT = Policy(timeouts=Timeouts(connect=0.5, read=0.3, send=0.5))


async def die(visit: Visit) -> None:
    """Reads a request and hangs up without a word."""
    await visit.request()


async def serve_once_then_die(visit: Visit) -> None:
    await visit.request()
    await visit.send(OK)
    await visit.request()


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for other pods waits for longer than a test may take."""
    monkeypatch.setattr(forwarding, "AGAIN_SECONDS", 600)


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("method", [b"GET", b"POST"])
async def test_a_pod_that_refuses_is_passed_over(method: bytes) -> None:
    request = b"%b / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi" % method
    async with (
        pod(named(b"alive")) as web,
        proxy(simple([free_port(), web.port])) as running,
        connect(running.port) as client,
    ):
        for _ in range(10):
            await client.send(request)
            assert (await client.response()).body == b"alive"
        snapshot = running.proxy.snapshot()
    assert snapshot.upstream_connect_failures["default/web:80"] >= 1
    assert snapshot.upstream_retries == snapshot.upstream_connect_failures


async def test_when_every_pod_refuses_the_answer_is_502() -> None:
    async with proxy(simple([free_port(), free_port()])) as running:
        response = await fetch(running.port)
    assert response.status == 502
    assert b"127.0.0.1" not in response.body


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("gone", [(), ([],)], ids=["at once", "after a gap"])
@pytest.mark.parametrize("method", [b"GET", b"POST"])
async def test_the_successor_of_a_pod_that_refuses_is_waited_for(
    method: bytes, gone: tuple[list[int], ...]
) -> None:
    """Kubernetes tells of a pod's end, and of another one, some time after it has ended."""
    request = b"%b / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi" % method
    async with (
        pod(named(b"successor")) as web,
        proxy(simple([free_port()])) as running,
        connect(running.port) as client,
    ):
        await client.send(request)
        await until(lambda: running.proxy.snapshot().upstream_retries)
        for ports in (*gone, [web.port]):
            running.set_endpoints(ports)
            await asyncio.sleep(0)
        assert (await client.response()).body == b"successor"
    assert len(web.requests) == 1


@pytest.mark.usefixtures("patience")
async def test_nobody_waits_for_longer_than_another_try_may_begin() -> None:
    policy = Policy(retries=Retries(timeout=0.1))
    async with proxy(simple([free_port()], policy)) as running:
        assert (await fetch(running.port)).status == 502
        failures = running.proxy.snapshot().upstream_connect_failures
    assert failures == {"default/web:80": 1}


@pytest.mark.usefixtures("patience")
async def test_who_met_a_stale_connection_does_not_wait() -> None:
    async with (
        pod(serve_once_then_die) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        assert [(await client.get()).status for _ in range(2)] == [200, 200]


async def test_a_pod_that_refuses_and_leaves_is_503() -> None:
    async with proxy(simple([free_port()])) as running, connect(running.port) as client:
        await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        await until(lambda: running.proxy.snapshot().upstream_retries)
        running.set_endpoints([])
        assert (await client.response()).status == 503


async def test_no_endpoint_is_503() -> None:
    async with proxy(simple([])) as running:
        assert (await fetch(running.port)).status == 503


async def test_no_route_is_404() -> None:
    async with proxy(simple([])) as running:
        assert (await fetch(running.port, host=b"other.test")).status == 404


async def test_a_post_is_not_sent_twice() -> None:
    async with (
        pod(die) as bad,
        pod(die) as worse,
        proxy(simple([bad.port, worse.port])) as running,
        connect(running.port) as client,
    ):
        await client.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi")
        assert (await client.response()).status == 502
    assert len(bad.requests) + len(worse.requests) == 1


async def test_a_pod_that_closes_an_idle_connection_as_we_send_is_invisible() -> None:
    async with pod(serve_once_then_die) as web, proxy(simple([web.port])) as running:
        statuses = [(await fetch(running.port)).status for _ in range(20)]
    assert statuses == [200] * 20


@pytest.mark.parametrize("answer", CUT_SHORT.values(), ids=CUT_SHORT)
async def test_an_answer_cut_short_never_looks_complete(answer: bytes) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(answer)

    async with (
        pod(script) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        response = await client.response()
        assert not response.complete
    assert len(web.requests) == 1


async def test_a_reset_in_an_answer_without_length_is_not_its_end() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\n\r\npart")
        await visit.reader.read(1)  # until the client, having seen a part, goes on

    async with (
        pod(script) as web,
        proxy(simple([web.port], IMPATIENT)) as running,
        connect(running.port) as client,
    ):
        await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert not (await client.response()).complete


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nBad Name: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20 + OK,
        b"HTTP/1.1 000 What\r\n\r\n",
    ],
    ids=lambda answer: answer[:60].decode("latin-1"),
)
async def test_malformed_answers_are_502(answer: bytes) -> None:
    async with pod(answering(answer)) as web, proxy(simple([web.port])) as running:
        assert (await fetch(running.port)).status == 502
    assert len(web.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"extra",
        OK + OK,
        b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 204 No Content\r\n\r\n" + OK,
    ],
)
async def test_bytes_after_an_answer_cost_the_pod_its_connection_only(answer: bytes) -> None:
    async with (
        pod(answering(answer)) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        responses = [await client.get() for _ in range(3)]
    assert {response.body for response in responses} <= {b"ok", b""}
    assert web.connections == 3


async def test_head_answered_with_a_body_does_not_poison_the_connection() -> None:
    async with (
        pod(answering(OK)) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        await client.send(b"HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        response = await client.response(is_head=True)
        assert response.value(b"content-length") == b"2"
        assert (await client.get()).body == b"ok"
    assert web.connections == 2


async def silent(visit: Visit) -> None:
    await visit.request()
    await visit.reader.read(1)


async def half_a_head(visit: Visit) -> None:
    await visit.request()
    await visit.send(b"HTTP/1.1 200 OK\r\nContent-")
    await visit.reader.read(1)


@pytest.mark.parametrize("script", [silent, half_a_head])
async def test_a_pod_that_stalls_is_504(script: Script) -> None:
    async with pod(script) as web, proxy(simple([web.port], IMPATIENT)) as running:
        assert (await fetch(running.port)).status == 504
    assert len(web.requests) == 1


async def test_a_client_that_stalls_in_its_body_is_408() -> None:
    async with (
        pod() as web,
        proxy(limited(simple([web.port]), body_timeout=0.3)) as running,
        connect(running.port) as client,
    ):
        await client.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 9\r\n\r\nx")
        assert (await client.response()).status == 408
        assert await client.at_eof()


async def test_an_error_page_has_the_request_id_and_follows_accept() -> None:
    async with proxy(simple([])) as running, connect(running.port) as client:
        text = await client.get(extra=b"X-Request-ID: abc\r\n")
        html = await client.get(extra=b"X-Request-ID: abc\r\nAccept: text/html\r\n")
        json = await client.get(extra=b"X-Request-ID: abc\r\nAccept: application/json\r\n")
    assert b"abc" in text.body and b"abc" in html.body
    assert msgspec.json.decode(json.body)["request_id"] == "abc"
    assert html.value(b"content-type") == b"text/html; charset=utf-8"


async def test_head_of_an_error_page_has_no_body() -> None:
    async with proxy(simple([])) as running, connect(running.port) as client:
        await client.send(b"HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        response = await client.response(is_head=True)
        assert response.status == 503 and int(response.value(b"content-length") or 0) > 0
        assert (await client.get()).status == 503
