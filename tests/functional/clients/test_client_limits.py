"""What one client may cost: time for a head, bytes of a body; and that it sees its refusal."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from support.clients import Client, connect
from support.pods import OK, Visit, answering, pod
from support.proxies import STREAMED, limited, proxy, simple

from ingressd.routing.policy import Buffering, Policy

HEAD = b"GET / HTTP/1.1\r\nHost: a.test\r\n"
ABC = b"3\r\nabc\r\n0\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
LARGE = 4 * 1024 * 1024


async def test_a_head_that_takes_too_long_is_408_however_it_trickles() -> None:
    async with (
        pod(answering(OK)) as web,
        proxy(limited(simple([web.port]), head_timeout=0.3)) as running,
        connect(running.port) as client,
    ):
        trickle = asyncio.create_task(_trickle(client))
        response = await client.response()
        assert (response.status, response.value(b"connection")) == (408, b"close")
        assert await client.at_eof()
        await trickle
    assert not web.requests


async def _trickle(client: Client) -> None:
    with suppress(ConnectionError):
        await client.send(HEAD)
        for _ in range(20):
            await client.send(b"X: y\r\n")
            await asyncio.sleep(0.02)  # the pace of the attack, not a wait


GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        [(GET, 1), (HEAD, 0)],
        [(GET + HEAD, 1)],
        [(GET * 3 + HEAD, 3)],
        [(POST + b"abc", 1), (HEAD, 0)],
        [(POST + b"abc" + HEAD, 1)],
        [(POST, 0), (b"abc" + HEAD, 1)],
    ],
    ids=["apart", "together", "behind several", "behind a body", "with a body", "with its end"],
)
@pytest.mark.parametrize("policy", [Policy(), STREAMED], ids=["held", "streamed"])
async def test_the_head_of_a_later_request_has_its_time_as_well(
    pieces: list[tuple[bytes, int]], policy: Policy
) -> None:
    async with (
        pod(answering(OK)) as web,
        proxy(limited(simple([web.port], policy), head_timeout=0.3)) as running,
        connect(running.port) as client,
    ):
        for piece, answers in pieces:
            await client.send(piece)
            for _ in range(answers):
                assert (await client.response()).status == 200
        assert (await client.response()).status == 408
        assert await client.at_eof()


@pytest.mark.parametrize("policy", [Policy(), STREAMED], ids=["held", "streamed"])
@pytest.mark.parametrize("pieces", [[POST + b"abc"], [POST, b"abc"], [CHUNKED, ABC]])
@pytest.mark.parametrize("is_first", [True, False])
async def test_the_time_for_a_head_is_over_with_the_request(
    pieces: list[bytes], policy: Policy, is_first: bool
) -> None:
    """However long the pod thinks about it, and then takes to answer."""

    async def script(visit: Visit) -> None:
        while await visit.request():
            await asyncio.sleep(0.3)  # the pod's pace
            await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
            for byte in (b"o", b"k"):
                await asyncio.sleep(0.15)
                await visit.send(byte)

    async with (
        pod(script) as web,
        proxy(limited(simple([web.port], policy), head_timeout=0.2)) as running,
        connect(running.port) as client,
    ):
        if not is_first:
            assert (await client.get()).body == b"ok"
        for piece in pieces:
            await client.send(piece)
        assert (await client.response()).body == b"ok"
        assert (await client.get()).body == b"ok", "and its connection is kept"


@pytest.mark.parametrize("request_", [GET, POST + b"abc"])
@pytest.mark.parametrize("behind", [b"\r\n", b"\n", b"\r"])
async def test_an_empty_line_begins_no_head(request_: bytes, behind: bytes) -> None:
    """Old clients send one behind a body (RFC 9112 section 2.2)."""
    async with (
        pod(answering(OK)) as web,
        proxy(limited(simple([web.port]), head_timeout=0.1, keep_alive=0.4)) as running,
        connect(running.port) as client,
    ):
        await client.send(request_ + behind)
        assert (await client.response()).status == 200
        assert await client.at_eof(), "without another answer"


@pytest.mark.parametrize(("requests", "limit"), [(0, "head_timeout"), (1, "keep_alive")])
async def test_a_client_that_asks_for_nothing_is_closed_without_an_answer(
    requests: int, limit: str
) -> None:
    async with (
        pod(answering(OK)) as web,
        proxy(limited(simple([web.port]), **{limit: 0.3})) as running,
        connect(running.port) as client,
    ):
        assert [(await client.get()).status for _ in range(requests)] == [200] * requests
        assert await client.at_eof()


REFUSED = {
    "malformed": (HEAD + b"X Y: z\r\n\r\n", 400),
    "unknown host": (b"POST / HTTP/1.1\r\nHost: b.test\r\nContent-Length: %d\r\n\r\n" % LARGE, 404),
    "too large": (b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % LARGE, 413),
    "bad expectation": (HEAD + b"Expect: tea\r\nContent-Length: %d\r\n\r\n" % LARGE, 417),
}


@pytest.mark.parametrize(("head", "status"), REFUSED.values(), ids=REFUSED)
async def test_a_refused_client_that_goes_on_sending_sees_its_answer(
    head: bytes, status: int
) -> None:
    async with (
        pod(answering(OK)) as web,
        proxy(simple([web.port], Policy(body_limit=1000))) as running,
        connect(running.port) as client,
    ):
        await client.send(head)
        await client.send(b"x" * LARGE)
        response = await client.response()
        assert (response.status, response.complete) == (status, True)
        assert response.value(b"connection") == b"close"
        assert await client.reader.read() == b""
    assert not web.requests


async def test_a_client_that_sends_for_ever_is_cut_in_the_end() -> None:
    async with (
        pod(answering(OK)) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        await client.send(HEAD + b"X Y: z\r\n\r\n")
        with pytest.raises(ConnectionError):
            while True:
                await client.send(b"x" * LARGE)


async def test_a_body_within_the_limit_passes() -> None:
    async with (
        pod() as web,
        proxy(simple([web.port], Policy(body_limit=5))) as running,
        connect(running.port) as client,
    ):
        await client.send(CHUNKED + b"5\r\nhello\r\n0\r\n\r\n")
        assert (await client.response()).body == b"hello"


async def test_a_small_chunked_body_over_the_limit_reaches_no_pod() -> None:
    async with (
        pod() as web,
        proxy(simple([web.port], Policy(body_limit=4))) as running,
        connect(running.port) as client,
    ):
        await client.send(CHUNKED + b"5\r\nhello\r\n0\r\n\r\n")
        assert (await client.response()).status == 413
    assert not web.requests


async def test_a_streamed_body_over_the_limit_is_cut_at_the_pod_and_413_for_the_client() -> None:
    ends: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def note_the_end(visit: Visit) -> None:
        await visit.head()
        try:
            ends.set_result(await visit.reader.read(-1))
        except ConnectionError:
            ends.set_result(b"")

    policy = Policy(body_limit=6, buffering=Buffering(requests=False))
    async with (
        pod(note_the_end) as web,
        proxy(simple([web.port], policy)) as running,
        connect(running.port) as client,
    ):
        await client.send(CHUNKED + b"5\r\nhello\r\n")
        await web.arrived.wait()
        await client.send(b"5\r\nworld\r\n0\r\n\r\n")
        assert (await client.response()).status == 413
        assert not (await ends).endswith(b"0\r\n\r\n")


async def test_what_comes_behind_a_refusal_is_not_answered() -> None:
    async with (
        pod(answering(OK)) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        await client.send(HEAD + b"X Y: z\r\n\r\n")
        response = await client.response()
        await client.send(HEAD + b"\r\n")
        assert (response.status, await client.reader.read()) == (400, b"")
    assert not web.requests
