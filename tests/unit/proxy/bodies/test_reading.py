"""A body that is read whole: where it waits, and why that may fail."""

from __future__ import annotations

import asyncio
import logging
from traceback import walk_tb

import pytest
from aiohttp.web_protocol import RequestPayloadError
from msgspec import structs
from support.proxies import environment, route
from support.requests import received, wire_of
from support.simulated_time import run_simulated

from ingressd.proxy.bodies.reading import BodyReader, body_reader
from ingressd.proxy.bodies.temporary_files import TemporaryFiles
from ingressd.proxy.client.request import Request
from ingressd.proxy.upstream.receiver import Failure
from ingressd.routing.policy import Buffering, Mirror, PodHttp, Policy

MEMORY = 8
STREAMED = Buffering(requests=False)
POST = b"POST / HTTP/1.1\r\nHost: a.test\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
FULL = OSError(28, "No space left on device")


class NoFiles(TemporaryFiles):
    """A worker without a folder to write to."""

    is_possible = False


class FullDisk(TemporaryFiles):
    """Where a file can be made no more."""

    is_possible = True

    def new(self) -> None:  # type: ignore[override]
        raise FULL


def reader(files: TemporaryFiles | None = None, body_limit: int = 0) -> BodyReader:
    policy = Policy(body_limit=body_limit, buffering=Buffering(request_memory=MEMORY))
    return BodyReader(route(policy=policy), files or TemporaryFiles())


def upload(length: int, body: bytes = b"", extra: bytes = b"") -> Request:
    """A request whose body has come so far."""
    return received(POST + b"Content-Length: %d\r\n%b\r\n" % (length, extra) + body)


@pytest.mark.parametrize(
    ("policy", "is_read"),
    [
        (Policy(), True),
        (Policy(buffering=STREAMED), False),
        (Policy(buffering=STREAMED, pod_http=PodHttp("1.0")), True),
        (Policy(buffering=STREAMED, mirror=Mirror("http://m.test/")), True),
        (Policy(buffering=STREAMED, mirror=Mirror("http://m.test/", sends_body=False)), False),
    ],
)
async def test_whose_bodies_are_read(policy: Policy, is_read: bool) -> None:
    assert (body_reader(route(policy=policy), environment()) is not None) == is_read


@pytest.mark.parametrize("body", [b"", b"12345678"])
async def test_what_fits_waits_in_memory(body: bytes) -> None:
    request = upload(len(body), body) if body else received(CHUNKED + b"0\r\n\r\n")
    assert await reader().read(request) is None
    assert (request.small_body, request.body_file) == (body, None)
    assert not request.streams_body
    assert request.is_body_at_hand and not request.body_consumed


async def test_what_does_not_waits_in_a_file_from_its_first_byte() -> None:
    request = received(CHUNKED)
    reading = asyncio.create_task(reader().read(request))
    for piece in (b"12345678", b"9", b"10"):
        request.payload.feed_data(piece)
        await asyncio.sleep(0)
    request.payload.feed_eof()
    assert await reading is None
    assert request.body_file is not None
    assert b"".join(request.body_file.pieces()) == b"12345678910"
    request.release_body()


@pytest.mark.parametrize(("length", "is_read"), [(MEMORY, True), (MEMORY + 1, False)])
async def test_without_a_place_for_files_only_what_surely_fits_is_read(
    length: int, is_read: bool
) -> None:
    request = upload(length, bytes(length))
    assert await reader(NoFiles()).read(request) is None
    assert (request.small_body is not None) == is_read
    unknown = received(CHUNKED + b"1\r\nx\r\n0\r\n\r\n")
    assert await reader(NoFiles()).read(unknown) is None
    assert unknown.small_body is None


async def test_a_client_that_waits_to_be_asked_is_asked_once() -> None:
    request = upload(9, b"123456789", b"Expect: 100-continue\r\n")
    for _ in range(2):  # for a copy, and for the pod
        assert await reader().read(request) is None
    assert wire_of(request).written == b"HTTP/1.1 100 Continue\r\n\r\n"
    request.release_body()


async def test_one_byte_more_than_is_allowed_is_too_much() -> None:
    request = received(CHUNKED + b"5\r\n12345\r\n")
    assert await reader(body_limit=4).read(request) is Failure.CLIENT_TOO_LARGE
    assert not request.is_body_at_hand
    assert await reader(body_limit=5).read(upload(5, b"12345")) is None


def test_a_client_may_take_its_time_between_two_pieces_and_no_longer() -> None:
    async def main() -> tuple[Failure | None, float]:
        request = upload(9, b"1")
        loop = asyncio.get_running_loop()
        limits = request.client.limits
        request.client.limits = structs.replace(limits, body_timeout=10.0)
        start = loop.time()
        loop.call_later(9, request.payload.feed_data, b"2")
        return await reader().read(request), loop.time() - start

    failure, taken = run_simulated(main())
    assert failure is Failure.CLIENT_STALLED
    assert taken == pytest.approx(19)


@pytest.mark.parametrize(
    ("error", "failure"), [(RequestPayloadError("bad chunk"), Failure.CLIENT_BODY), (FULL, None)]
)
async def test_a_body_that_goes_wrong(error: Exception, failure: Failure | None) -> None:
    request = upload(9)
    request.payload.set_exception(error)
    assert await reader().read(request) is (failure or Failure.NOT_KEPT)


async def test_a_client_that_leaves_is_nobody_to_answer() -> None:
    request = upload(9)
    request.payload.set_exception(ConnectionResetError())
    with pytest.raises(ConnectionResetError):
        await reader().read(request)


async def test_a_disk_that_is_full_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    request = upload(MEMORY + 1, bytes(MEMORY + 1))
    with caplog.at_level(logging.ERROR):
        assert await reader(FullDisk()).read(request) is Failure.NOT_KEPT
    assert not request.is_body_at_hand, "what is left of it is no body"
    assert "No space left on device" in caplog.text


async def test_what_has_come_of_a_body_that_fails_goes_with_it() -> None:
    request = upload(MEMORY, b"1234")
    reading = asyncio.create_task(reader().read(request))
    await asyncio.sleep(0)
    request.payload.set_exception(RequestPayloadError("cut short"))
    assert await reading is Failure.CLIENT_BODY
    error = request.payload.exception()
    assert error is not None
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    assert frames, "whatever these hold stays until the next collection"
    assert "1234" not in str([frame.f_locals.get("pieces") for frame in frames])
