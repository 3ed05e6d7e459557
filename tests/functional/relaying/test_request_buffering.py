"""Request bodies that are read whole before a pod is asked, and those that are not."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from support.annotated import ingress, served
from support.clients import Client, connect
from support.pods import Visit, echo, pod
from support.proxies import STREAMED, limited, proxy, simple
from support.waiting import until

from ingressd.proxy.bodies import temporary_files
from ingressd.proxy.bodies.temporary_files import TemporaryFile, TemporaryFiles
from ingressd.routing.policy import Access, Buffering, Policy, Retries, RetryAfter

KIB = 1024
BODY = bytes(range(256)) * 1200  # 300 KiB: more than memory takes
CHUNKED = b"Transfer-Encoding: chunked"
KEPT = Policy(body_limit=0)


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many temporary files more than now are in use."""
    monkeypatch.setattr(temporary_files, "MOST_SPARE", 0)
    before = _nameless()
    return lambda: _nameless() - before


async def digest(visit: Visit) -> None:
    """Answers with a digest of the body."""
    while received := await visit.request():
        answer = hashlib.sha256(received.body).hexdigest().encode()
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n%b" % answer)


def head(framing: bytes = CHUNKED, method: bytes = b"POST") -> bytes:
    return b"%b / HTTP/1.1\r\nHost: a.test\r\n%b\r\n\r\n" % (method, framing)


def length(body: bytes) -> bytes:
    return b"Content-Length: %d" % len(body)


def chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def _nameless() -> int:
    links = (f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd"))
    return sum("(deleted)" in os.readlink(link) for link in links if os.path.islink(link))


@pytest.mark.parametrize("size", [0, 5, 100 * KIB, 300 * KIB])
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_pod_is_asked_once_the_body_is_here_and_gets_it_with_its_length(
    size: int, chunked: bool, files: Callable[[], int]
) -> None:
    body = BODY[:size]
    parts = [body[: size // 2], body[size // 2 :]] if size else []
    async with (
        pod(digest) as web,
        proxy(simple([web.port], KEPT)) as running,
        connect(running.port) as client,
    ):
        for turn in range(2):
            await client.send(head(CHUNKED if chunked else length(body)))
            for part in parts:
                assert len(web.requests) == turn
                await client.send(chunk(part) if chunked else part)
            await client.send(b"0\r\n\r\n" if chunked else b"")
            answer = await client.response()
            assert answer.body == hashlib.sha256(body).hexdigest().encode()
        await until(lambda: not files())
    assert [request.value(b"content-length") for request in web.requests] == [b"%d" % size] * 2
    assert not any(request.value(b"transfer-encoding") for request in web.requests)


async def test_a_slow_client_keeps_no_pod_busy(files: Callable[[], int]) -> None:
    async with (
        pod(digest) as web,
        proxy(simple([web.port], KEPT)) as running,
        connect(running.port) as client,
        connect(running.port) as other,
    ):
        await client.send(head(length(BODY)) + BODY[:-1])
        await until(lambda: files() == 1)
        assert (await other.get()).status == 200
        assert len(web.requests) == 1
        await client.send(BODY[-1:])
        assert (await client.response()).status == 200


@pytest.mark.parametrize("size", [100 * KIB, 300 * KIB])
async def test_a_body_that_was_read_can_be_sent_again(size: int) -> None:
    async def hang_up(visit: Visit) -> None:
        await visit.request()

    policy = Policy(body_limit=0, retries=Retries(RetryAfter(error=True)))
    async with (
        pod(hang_up) as bad,
        pod(digest) as good,
        proxy(simple([bad.port, good.port], policy)) as running,
        connect(running.port) as client,
    ):
        for _ in range(2):
            await client.send(head(length(BODY[:size]), b"PUT") + BODY[:size])
            expected = hashlib.sha256(BODY[:size]).hexdigest().encode()
            assert (await client.response()).body == expected
    assert {len(request.body) for request in bad.requests} == {size}


async def test_the_client_is_asked_for_its_body_before_a_pod_is() -> None:
    async with (
        pod(digest) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        await client.send(head(b"Content-Length: 5\r\nExpect: 100-continue"))
        assert (await client.response(is_head=True)).status == 100
        assert not web.connections
        await client.send(b"hello")
        assert (await client.response()).status == 200


async def _stalls(client: Client) -> None:
    """Nothing more comes."""


async def _leaves(client: Client) -> None:
    client.writer.transport.abort()


async def _breaks(client: Client) -> None:
    await client.send(b"zz\r\n")


async def _exceeds(client: Client) -> None:
    await client.send(chunk(BODY))


@pytest.mark.parametrize(
    ("how", "status"), [(_stalls, 408), (_leaves, 0), (_breaks, 400), (_exceeds, 413)]
)
async def test_a_body_that_does_not_come_whole_reaches_no_pod_and_leaves_nothing(
    how: Callable[[Client], Awaitable[None]], status: int, files: Callable[[], int]
) -> None:
    delta = limited(simple([1], Policy(body_limit=500 * KIB)), body_timeout=0.3)
    async with proxy(delta) as running:
        async with connect(running.port) as client:
            await client.send(head() + chunk(BODY))
            await until(lambda: files() == 1)
            await how(client)
            if status:
                answer = await client.response()
                assert (answer.status, answer.value(b"connection")) == (status, b"close")
                assert await client.at_eof()
        await until(lambda: not files())
        assert not running.proxy.snapshot().upstream_connect_failures


async def test_a_disk_that_is_full_is_500_for_whom_it_concerns(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(self: TemporaryFiles) -> TemporaryFile:
        return TemporaryFile(os.open("/dev/full", os.O_RDWR), lambda fd, _: os.close(fd))

    async with pod(echo) as web, proxy(simple([web.port], KEPT)) as running:
        monkeypatch.setattr(TemporaryFiles, "new", full)
        async with connect(running.port) as client:
            await client.send(head(length(BODY)) + BODY)
            assert (await client.response()).status == 500
        async with connect(running.port) as client:
            await client.send(head(b"Content-Length: 5") + b"hello")
            assert (await client.response()).body == b"hello"
    assert "No space left" in caplog.text


async def test_without_a_folder_to_write_to_large_bodies_are_passed_on_as_they_come(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    async with (
        pod(digest) as web,
        proxy(simple([web.port], KEPT)) as running,
        connect(running.port) as client,
    ):
        for _ in range(2):
            await client.send(head() + chunk(BODY))
            await until(lambda: len(web.requests) > 0)
            await client.send(b"0\r\n\r\n")
            assert (await client.response()).status == 200
    assert web.requests[-1].value(b"transfer-encoding") == b"chunked"
    assert caplog.text.count("no temporary file can be made") == 1


async def test_without_buffering_a_pod_gets_a_body_as_it_comes() -> None:
    async with (
        pod(digest) as web,
        proxy(simple([web.port], STREAMED)) as running,
        connect(running.port) as client,
    ):
        await client.send(head() + chunk(b"hello"))
        await web.arrived.wait()
        await client.send(b"0\r\n\r\n")
        assert (await client.response()).status == 200


@pytest.mark.parametrize("requests", [True, False])
async def test_what_is_declared_too_large_is_413_before_anybody_is_asked_who_he_is(
    requests: bool,
) -> None:
    """As in nginx; how much an undeclared body holds is seen only when it is read."""
    closed = Access(deny=("0.0.0.0/0",))
    policy = Policy(body_limit=5, access=closed, buffering=Buffering(requests=requests))
    async with proxy(simple([1], policy)) as running:
        for framing, status in ((b"Content-Length: 6", 413), (CHUNKED, 403)):
            async with connect(running.port) as client:
                await client.send(head(framing))
                assert (await client.response()).status == status


async def test_what_annotations_say(tmp_path: Path) -> None:
    """proxy-request-buffering and client-body-buffer-size."""
    objects = (
        ingress("web", "a.test", client_body_buffer_size="1k"),
        ingress("passing", "b.test", proxy_request_buffering="off"),
    )
    async with (
        pod(digest) as web,
        served(tmp_path, web.port, *objects) as running,
        connect(running.http) as client,
    ):
        await client.send(head() + chunk(BODY))
        await client.send(b"0\r\n\r\n")
        assert (await client.response()).status == 200
        assert web.requests[0].value(b"content-length") == b"%d" % len(BODY)
        await client.send(head().replace(b"a.test", b"b.test") + chunk(b"hello"))
        await until(lambda: len(web.requests) == 2)
        await client.send(b"0\r\n\r\n")
        assert (await client.response()).status == 200
