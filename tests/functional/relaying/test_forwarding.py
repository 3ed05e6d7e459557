"""What a pod sees of a request, and a client of its answer."""

from __future__ import annotations

import asyncio

import pytest
from support.clients import connect, fetch
from support.pods import OK, Visit, answering, pod
from support.proxies import limited, proxy, simple


async def test_the_pod_sees_path_and_query_byte_for_byte() -> None:
    raw = b"/a%2Fb/../c//%7e?x=%2F&&y=%zz?"
    async with pod() as web, proxy(simple([web.port])) as running:
        response = await fetch(running.port, raw)
    assert response.status == 200
    assert web.requests[0].line == b"GET " + raw + b" HTTP/1.1"


async def test_a_lone_question_mark_survives() -> None:
    async with pod() as web, proxy(simple([web.port])) as running:
        assert (await fetch(running.port, b"/x?")).body == b"/x?"


async def test_forwarding_fields_tell_about_the_client_and_are_not_taken_from_it() -> None:
    spoofed = b"X-Forwarded-For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n"
    async with pod() as web, proxy(simple([web.port])) as running, connect(running.port) as client:
        await client.get(extra=spoofed)
    seen = web.requests[0]
    assert seen.values(b"X-Forwarded-For") == [b"127.0.0.1"]
    assert seen.values(b"X-Real-IP") == [b"127.0.0.1"]
    assert seen.values(b"X-Forwarded-Proto") == [b"http"]
    assert seen.values(b"X-Forwarded-Scheme") == [b"http"]
    assert seen.values(b"X-Scheme") == [b"http"]
    assert seen.values(b"X-Forwarded-Port") == [b"80"]
    assert seen.values(b"X-Forwarded-Host") == [b"a.test"]
    assert seen.values(b"X-Original-Forwarded-For") == [b"6.6.6.6"]
    assert seen.values(b"Host") == [b"a.test"]


async def test_request_ids_are_made_or_kept() -> None:
    async with pod() as web, proxy(simple([web.port])) as running, connect(running.port) as client:
        await client.get()
        await client.get(extra=b"X-Request-ID: mine-1\r\n")
    made, kept = (request.value(b"x-request-id") for request in web.requests)
    assert made is not None and len(made) == 32 and int(made, 16)
    assert kept == b"mine-1"


async def test_hop_by_hop_fields_and_those_named_in_connection_stop_here() -> None:
    extra = (
        b"Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\n"
        b"Proxy-Authorization: secret\r\nProxy: evil\r\nX_Under: 1\r\nX-Stays: 1\r\n"
    )
    async with pod() as web, proxy(simple([web.port])) as running, connect(running.port) as client:
        await client.get(extra=extra)
    names = {name.lower() for name, _ in web.requests[0].headers}
    assert b"x-stays" in names
    assert not names & {
        b"connection", b"x-hop", b"keep-alive", b"te", b"proxy-authorization", b"proxy", b"x_under"
    }  # fmt: skip


async def test_connection_cannot_name_fields_that_we_manage() -> None:
    extra = b"Connection: host, x-forwarded-for, content-length\r\n"
    async with pod() as web, proxy(simple([web.port])) as running, connect(running.port) as client:
        await client.get(extra=extra)
    assert web.requests[0].value(b"Host") == b"a.test"
    assert web.requests[0].value(b"X-Forwarded-For") == b"127.0.0.1"


async def test_header_bytes_that_are_not_ascii_travel_unchanged() -> None:
    answer = b"HTTP/1.1 200 OK\r\nX-Name: caf\xe9\r\nContent-Length: 0\r\n\r\n"
    async with (
        pod(answering(answer)) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        response = await client.get(extra=b"X-Name: caf\xe9\r\n")
    assert web.requests[0].value(b"X-Name") == b"caf\xe9"
    assert response.value(b"X-Name") == b"caf\xe9"


async def test_absolute_form_is_routed_by_its_authority() -> None:
    async with pod() as web, proxy(simple([web.port])) as running, connect(running.port) as client:
        await client.send(b"GET http://a.test/x?y HTTP/1.1\r\nHost: other.test\r\n\r\n")
        response = await client.response()
    assert response.body == b"/x?y"
    assert web.requests[0].value(b"Host") == b"a.test"


@pytest.mark.parametrize("host", [b"A.Test", b"a.test:8080", b"a.test.", b"A.TEST.:80"])
async def test_port_case_and_trailing_dot_of_host_do_not_matter(host: bytes) -> None:
    async with pod() as web, proxy(simple([web.port])) as running:
        assert (await fetch(running.port, b"/", host)).status == 200
    assert web.requests[0].value(b"Host") == host


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /%zz HTTP/1.1\r\nHost: a.test\r\n\r\n",
        b"GET /../x HTTP/1.1\r\nHost: a.test\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a.test/x\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n",
        b"GET ftp://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n",
        b"GET /x#y HTTP/1.1\r\nHost: a.test\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a.test\r\nBad Name: 1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"nonsense\r\n\r\n",
    ],
)
async def test_malformed_requests_get_400_and_never_reach_a_pod(request_bytes: bytes) -> None:
    async with pod() as web, proxy(simple([web.port])) as running, connect(running.port) as client:
        await client.send(request_bytes)
        response = await client.response()
        assert response.status == 400
        assert await client.at_eof()
    assert web.requests == []


async def test_pipelined_requests_are_answered_in_order_on_one_connection() -> None:
    async with pod() as web, proxy(simple([web.port])) as running, connect(running.port) as client:
        for path in (b"/1", b"/2", b"/3"):
            client.writer.write(b"GET %b HTTP/1.1\r\nHost: a.test\r\n\r\n" % path)
        bodies = [(await client.response()).body for _ in range(3)]
    assert bodies == [b"/1", b"/2", b"/3"]
    assert web.connections == 1


async def test_http_1_0_clients_get_no_chunks() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    async with (
        pod(answering(chunked)) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        await client.send(b"GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n")
        response = await client.response()
    assert response.value(b"transfer-encoding") is None
    assert response.value(b"connection") == b"close"
    assert response.body == b"ok"


async def test_http_1_0_keep_alive_is_granted_with_a_length() -> None:
    async with (
        pod(answering(OK)) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        for _ in range(2):
            await client.send(b"GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n")
            response = await client.response()
            assert response.value(b"connection") == b"keep-alive"
    assert len(web.requests) == 2


async def test_no_content_not_modified_and_head_have_no_body() -> None:
    answers = {
        b"/204": b"HTTP/1.1 204 No Content\r\n\r\n",
        b"/304": b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 7\r\n\r\n',
        b"/head": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        b"/after": OK,
    }

    async def script(visit: Visit) -> None:
        while received := await visit.request():
            await visit.send(answers[received.line.split(b" ")[1]])

    async with (
        pod(script) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        assert (await client.get(b"/204")).status == 204
        assert (await client.get(b"/304")).value(b"etag") == b'"x"'
        await client.send(b"HEAD /head HTTP/1.1\r\nHost: a.test\r\n\r\n")
        head = await client.response(is_head=True)
        assert head.value(b"content-length") == b"1000"
        assert (await client.get(b"/after")).body == b"ok"
    assert web.connections == 1


async def test_chunked_answers_are_framed_anew_with_their_trailers() -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
        b"3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\nSet-Cookie: 9\r\n\r\n"
    )
    async with (
        pod(answering(answer)) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        first, second = await client.get(), await client.get()
    assert first.body == second.body == b"abcde"
    assert first.trailers == b"X-Sum: 5\r\n"
    assert web.connections == 1


async def test_an_answer_that_ends_with_the_connection_is_framed_by_us() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\n\r\nsome")
        await visit.send(b" bytes")

    async with (
        pod(script) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        assert (await client.get()).body == b"some bytes"
        assert (await client.get()).body == b"some bytes"


async def test_interim_answers_are_skipped() -> None:
    answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK
    async with pod(answering(answer)) as web, proxy(simple([web.port])) as running:
        response = await fetch(running.port)
    assert (response.status, response.body, response.value(b"link")) == (200, b"ok", None)


async def test_hop_by_hop_fields_of_the_answer_stop_here() -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nServer: pod/1\r\nKeep-Alive: timeout=5\r\nConnection: X-Hop\r\n"
        b"X-Hop: 1\r\nX-Accel-Redirect: /secret\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    async with pod(answering(answer)) as web, proxy(simple([web.port])) as running:
        response = await fetch(running.port)
    names = {name.lower() for name, _ in response.headers}
    assert names == {b"server", b"set-cookie", b"content-length"}
    assert response.values(b"set-cookie") == [b"a=1", b"b=2"]


async def test_an_unknown_reason_phrase_travels() -> None:
    async with (
        pod(answering(b"HTTP/1.1 299 Odd But Fine\r\nContent-Length: 0\r\n\r\n")) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert await client.reader.readline() == b"HTTP/1.1 299 Odd But Fine\r\n"


async def test_a_client_that_half_closes_still_gets_its_answer() -> None:
    async with pod() as web, proxy(simple([web.port])) as running, connect(running.port) as client:
        client.writer.write(b"GET /half HTTP/1.1\r\nHost: a.test\r\n\r\n")
        client.writer.write_eof()
        response = await client.response()
        assert response.body == b"/half"
        assert await client.at_eof()


async def test_a_connection_is_closed_when_the_client_asks() -> None:
    async with pod() as web, proxy(simple([web.port])) as running, connect(running.port) as client:
        response = await client.get(extra=b"Connection: close\r\n")
        assert response.value(b"connection") == b"close"
        assert await client.at_eof()


async def test_the_pods_connection_is_kept_alive_for_the_next_client() -> None:
    async with pod() as web, proxy(simple([web.port])) as running:
        for _ in range(3):
            await fetch(running.port)
    assert (web.connections, len(web.requests)) == (1, 3)


async def test_bytes_pushed_on_an_idle_connection_cannot_poison_the_next_answer() -> None:
    pushed = asyncio.Event()

    async def script(visit: Visit) -> None:
        while await visit.request():
            await visit.send(OK)
            if visit.pod.connections == 1:
                await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
                pushed.set()

    async with pod(script) as web, proxy(simple([web.port])) as running:
        assert (await fetch(running.port)).body == b"ok"
        await pushed.wait()
        assert [(await fetch(running.port)).body for _ in range(3)] == [b"ok"] * 3


async def test_a_connection_ends_after_its_share_of_requests() -> None:
    async with (
        pod() as web,
        proxy(limited(simple([web.port]), keep_alive_requests=2)) as running,
        connect(running.port) as client,
    ):
        first, second = await client.get(), await client.get()
        assert first.value(b"connection") is None
        assert second.value(b"connection") == b"close"
        assert await client.at_eof()


async def test_requests_that_wait_are_not_counted_before_their_turn() -> None:
    async with (
        pod() as web,
        proxy(limited(simple([web.port]), keep_alive_requests=2)) as running,
        connect(running.port) as client,
    ):
        await client.send(3 * b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        first, second = await client.response(), await client.response()
        assert first.value(b"connection") is None
        assert second.value(b"connection") == b"close"
        assert await client.at_eof()
