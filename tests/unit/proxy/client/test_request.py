"""What a request head means before it is routed."""

from __future__ import annotations

import asyncio

import pytest
from support.requests import get, received, unread, wire_of

from ingressd.proxy.client.request import SMALL_BODY, BadRequest


async def test_host_path_and_query() -> None:
    request = get(b"/a%2Fb/./c?x=%2F")
    assert (request.host, request.path, request.query) == ("a.test", "/a/b/c", "x=%2F")
    assert request.raw_target == b"/a%2Fb/./c?x=%2F"


@pytest.mark.parametrize(
    ("target", "host", "raw_target"),
    [
        (b"http://B.test:80/x?y", "b.test", b"/x?y"),
        (b"HTTPS://b.test", "b.test", b"/"),
        (b"http://b.test?q", "b.test", b"/?q"),
    ],
)
async def test_absolute_form(target: bytes, host: str, raw_target: bytes) -> None:
    request = get(target)
    assert (request.host, request.raw_target) == (host, raw_target)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET http://user@b.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", 400),
        (b"GET http://b.test/ HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (b"GET /.. HTTP/1.1\r\nHost: a.test\r\n\r\n", 400),
        (b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n", 501),
        (b"TRACE / HTTP/1.1\r\nHost: a.test\r\n\r\n", 405),
        (b"OPTIONS / HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 0\r\n\r\n", 400),
        (b"OPTIONS / HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a.test\r\nExpect: tea\r\n\r\n", 417),
        (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a.test:65536\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a%2etest\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n", 413),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    ],
)
async def test_what_is_refused(raw: bytes, status: int) -> None:
    with pytest.raises(BadRequest) as refused:
        received(raw)
    assert refused.value.status == status


async def test_request_ids_are_kept_where_printable() -> None:
    assert get(extra=b"X-Request-ID: mine\r\n").request_id == b"mine"
    made = [get(extra=extra).request_id for extra in (b"", b"X-Request-ID: a b\r\n")]
    assert len(set(made)) == 2 and all(len(identifier) == 32 for identifier in made)


ASK = b"Connection: Upgrade\r\nUpgrade: %b\r\n"


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + ASK % b"websocket" + b"\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + ASK % b"WebSocket" + b"\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + ASK % b"custom/1" + b"\r\n", False),
        (b"POST / HTTP/1.1\r\nHost: a\r\n" + ASK % b"websocket" + b"\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nHost: a\r\n" + ASK % b"websocket" + b"\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + ASK % b"h2c" + b"\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + ASK % b"websocket, H2C" + b"\r\n", False),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n" + ASK % b"websocket" + b"\r\ny",
            False,
        ),
    ],
)
async def test_which_upgrades_are_passed_on(raw: bytes, wanted: bool) -> None:
    assert received(raw).wants_upgrade is wanted


POST = b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n"


async def test_only_a_small_body_that_is_here_is_not_streamed() -> None:
    assert not received(POST % 5 + b"hello").streams_body
    assert received(POST % 5 + b"hell").streams_body
    size = SMALL_BODY + 1
    assert received(POST % size + bytes(size)).streams_body
    assert not get().streams_body


async def test_idempotent_requests_may_be_repeated_until_their_body_is_gone() -> None:
    assert get().may_repeat
    assert not received(POST % 0).may_repeat
    request = get()
    request.body_consumed = True
    assert not request.may_repeat


async def test_a_body_is_at_hand_until_it_was_passed_on() -> None:
    assert get().is_body_at_hand
    assert received(POST % 5 + b"hello").is_body_at_hand
    assert not received(POST % 5 + b"hell").is_body_at_hand
    kept = received(POST % 5 + b"hello")
    kept.whole_body()
    assert kept.is_body_at_hand
    kept.body_consumed = True
    assert not kept.is_body_at_hand


async def test_a_question_that_is_turned_keeps_its_method_and_its_body() -> None:
    request = received(POST % 5 + b"hello")
    request.turn_to("/other", [], with_body=True)
    assert (request.method, request.raw_target) == ("POST", b"/other")
    assert (request.whole_body(), request.fields[b"content-length"]) == (b"hello", b"5")


async def test_one_without_its_body_says_that_there_is_none() -> None:
    asked = (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    )
    request = received(asked)
    request.turn_to("/other", [], with_body=False)
    assert (request.whole_body(), request.streams_body) == (b"", False)
    assert request.fields == {b"host": b"a", b"content-length": b"0"}
    bodiless = get()
    bodiless.turn_to("/other", [], with_body=False)
    assert b"content-length" not in bodiless.fields


async def test_options_are_one_hop_further_when_they_go_on() -> None:
    request = received(b"OPTIONS / HTTP/1.1\r\nHost: a\r\nMAX-forwards: 10\r\nX: y\r\n\r\n")
    assert request.lines == [b"Max-Forwards: 9\r\n", b"X: y\r\n"]


@pytest.mark.parametrize(("most", "exceeded"), [(0, False), (4, True), (5, False)])
async def test_a_body_is_measured_by_what_is_said_and_by_what_has_come(
    most: int, exceeded: bool
) -> None:
    chunked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    assert received(POST % 5).carries_more_than(most) is exceeded
    assert received(chunked).carries_more_than(most) is exceeded
    assert not get().carries_more_than(most)


async def test_a_failed_body_is_let_go_of() -> None:
    request = received(POST % 5 + b"he")
    request.payload.set_exception(ValueError())
    request.release_body()
    assert request.is_body_complete


async def test_a_client_that_leaves_fails_the_body_and_a_shutdown_cuts_the_client() -> None:
    request = unread(POST % 5 + b"he")
    request._cancel(ConnectionResetError())
    assert isinstance(request.payload.exception(), ConnectionResetError)
    assert wire_of(request).end == ""
    request._cancel(asyncio.CancelledError())
    assert wire_of(request).end == "abort"


async def test_a_body_is_kept_no_longer_than_its_request() -> None:
    """aiohttp holds on to a request until the connection's next one."""
    request = received(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nok")
    assert request.whole_body() == b"ok"
    request.release_body()
    assert request.small_body is None
