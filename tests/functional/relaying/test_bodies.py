"""Request bodies on their way to a pod, and big answers on their way back."""

from __future__ import annotations

import asyncio

import pytest
from support.clients import Client, connect
from support.pods import OK, Visit, pod
from support.proxies import STREAMED, proxy, simple

MEBIBYTE = bytes(1 << 20)


async def count_body(visit: Visit) -> None:
    """Answers with the number of body bytes received."""
    while received := await visit.request():
        size = b"%d" % len(received.body)
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(size), size))


async def test_small_bodies_go_out_with_the_head_and_one_length() -> None:
    async with pod() as web, proxy(simple([web.port])) as running, connect(running.port) as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello")
        assert (await client.response()).body == b"hello"
    assert web.requests[0].values(b"content-length") == [b"5"]
    assert web.requests[0].value(b"transfer-encoding") is None


async def test_an_empty_post_keeps_its_length_of_zero() -> None:
    async with pod() as web, proxy(simple([web.port])) as running, connect(running.port) as client:
        await client.send(b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n")
        assert (await client.response()).status == 200
    assert web.requests[0].values(b"content-length") == [b"0"]


async def test_small_chunked_bodies_get_a_length() -> None:
    async with pod() as web, proxy(simple([web.port])) as running, connect(running.port) as client:
        await client.send(
            b"POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"5;x=y\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n"
        )
        assert (await client.response()).body == b"hello"
        await client.send(
            b"POST /empty HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        )
        assert (await client.response()).body == b"/empty"
    assert [request.value(b"content-length") for request in web.requests] == [b"5", b"0"]
    assert all(request.value(b"x-trailer") is None for request in web.requests)


@pytest.mark.parametrize("chunked", [False, True])
async def test_large_bodies_are_streamed(chunked: bool) -> None:
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % (8 << 20)
    async with (
        pod(count_body) as web,
        proxy(simple([web.port], STREAMED)) as running,
        connect(running.port) as client,
    ):
        await client.send(b"PUT / HTTP/1.1\r\nHost: a.test\r\n%b\r\n\r\n" % framing)
        for _ in range(8):
            piece = b"%x\r\n%b\r\n" % (len(MEBIBYTE), MEBIBYTE) if chunked else MEBIBYTE
            await client.send(piece)
        if chunked:
            await client.send(b"0\r\n\r\n")
        assert (await client.response()).body == b"%d" % (8 << 20)
        assert (await client.get()).status == 200
    seen = web.requests[0]
    assert (seen.value(b"transfer-encoding") == b"chunked") is chunked
    assert (seen.value(b"content-length") is None) is chunked


async def test_expect_100_is_answered_by_us_when_a_pod_is_there() -> None:
    async with pod() as web, proxy(simple([web.port])) as running, connect(running.port) as client:
        await client.send(
            b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        )
        assert (await client.response(is_head=True)).status == 100
        await client.send(b"hello")
        assert (await client.response()).body == b"hello"
    assert web.requests[0].value(b"expect") is None


async def test_an_early_answer_reaches_the_client_and_ends_the_connection() -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        await visit.reader.read(1)

    async with (
        pod(script) as web,
        proxy(simple([web.port], STREAMED)) as running,
        connect(running.port) as client,
    ):
        await client.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000\r\n\r\nx")
        response = await client.response()
    assert (response.status, response.body) == (413, b"big")
    assert response.value(b"connection") == b"close"


async def test_a_malformed_chunk_aborts_the_pods_request() -> None:
    broken = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.head()
        try:
            while await visit.chunk():
                pass
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            broken.set()

    async with (
        pod(script) as web,
        proxy(simple([web.port], STREAMED)) as running,
        connect(running.port) as client,
    ):
        await client.send(
            b"POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
        )
        await web.arrived.wait()
        await client.send(b"zz\r\nnonsense")
        assert (await client.response()).status == 400
        await broken.wait()


async def test_a_bad_chunk_is_noticed_though_it_comes_with_the_end_of_a_good_one() -> None:
    """aiohttp wakes whoever reads the body at the end of a chunk, and would let him sleep again."""
    read = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.chunk()
        read.set()
        await visit.reader.read()

    async with (
        asyncio.timeout(5),
        pod(script) as web,
        proxy(simple([web.port], STREAMED)) as running,
        connect(running.port) as client,
    ):
        await client.send(
            b"POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello"
        )
        await read.wait()
        await client.send(b"\r\nZZ\r\n")
        assert (await client.response()).status == 400
        assert await client.at_eof()


async def test_a_client_that_leaves_mid_upload_aborts_the_pods_request() -> None:
    broken = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.head()
        try:
            await visit.reader.readexactly(1000)
        except (asyncio.IncompleteReadError, ConnectionError):
            broken.set()

    async with pod(script) as web, proxy(simple([web.port], STREAMED)) as running:
        async with connect(running.port) as client:
            await client.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000\r\n\r\nx")
            await web.arrived.wait()
        await broken.wait()
    assert len(web.requests) == 1


async def test_a_client_that_leaves_mid_download_frees_the_pod() -> None:
    broken = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        try:
            await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            while True:
                await visit.send(MEBIBYTE)
        except ConnectionError:
            broken.set()

    async with pod(script) as web, proxy(simple([web.port])) as running:
        async with connect(running.port) as client:
            await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
            await client.reader.readexactly(1 << 20)
            client.writer.transport.abort()
        await broken.wait()
    assert len(web.requests) == 1


async def test_a_slow_client_holds_the_pod_back() -> None:
    """What the pod could push ahead of the client stays in the kernel's buffers and ours."""
    sent = 0
    total = 64 << 20

    async def script(visit: Visit) -> None:
        nonlocal sent
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
        while sent < total:
            await visit.send(MEBIBYTE)
            sent += len(MEBIBYTE)

    async with (
        pod(script) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        transport = (await running.slow_client()).transport
        assert sent < total
        assert transport is not None
        assert transport.get_write_buffer_size() < 2 << 20
        response = await client.response()
        assert response.complete and len(response.body) == total


async def test_a_slow_pod_holds_the_client_back() -> None:
    release = asyncio.Event()

    async def script(visit: Visit) -> None:
        received = await visit.head()
        assert received is not None
        await release.wait()
        await visit.reader.readexactly(32 << 20)
        await visit.send(OK)

    async def upload(client: Client) -> None:
        size = 32 << 20
        await client.send(b"PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(32):
            await client.send(MEBIBYTE)

    async with (
        pod(script) as web,
        proxy(simple([web.port], STREAMED)) as running,
        connect(running.port) as client,
    ):
        uploading = asyncio.create_task(upload(client))
        await web.arrived.wait()
        _, pending = await asyncio.wait([uploading], timeout=0.3)
        assert pending, "32 MiB went somewhere while the pod read nothing"
        release.set()
        await uploading
        assert (await client.response()).status == 200


async def test_trailers_never_become_header_fields_of_the_next_request() -> None:
    upload = (
        b"POST /1 HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\nhello\r\n0\r\nX-Admin: yes\r\n\r\n"
    )
    async with pod() as web, proxy(simple([web.port])) as running, connect(running.port) as client:
        await client.send(upload)
        assert (await client.response()).body == b"hello"
        assert (await client.get(b"/2")).body == b"/2"
    assert web.requests[1].value(b"x-admin") is None


async def test_a_request_pipelined_behind_a_chunked_one_is_not_believed() -> None:
    pipelined = (
        b"POST /1 HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\nhello\r\n0\r\nX-Admin: yes\r\n\r\nGET /2 HTTP/1.1\r\nHost: a.test\r\n\r\n"
    )
    async with pod() as web, proxy(simple([web.port])) as running, connect(running.port) as client:
        await client.send(pipelined)
        response = await client.response()
        assert response.body == b"hello"
        assert response.value(b"connection") == b"close"
        assert await client.at_eof()
    assert [request.line for request in web.requests] == [b"POST /1 HTTP/1.1"]
