"""Requests as pods get them."""

from __future__ import annotations

import asyncio

import httptools
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.requests import get, received

from ingressd.proxy.bodies.temporary_files import TemporaryFiles
from ingressd.proxy.client.request import Request
from ingressd.proxy.client.roles import Refusal
from ingressd.proxy.headers import FORWARDED
from ingressd.proxy.relaying.exchange import Exchange
from ingressd.proxy.relaying.forwarding import _settle, refusal_of, serialise
from ingressd.proxy.relaying.passage import Passage
from ingressd.proxy.upstream.balancing import ServiceAffinity
from ingressd.proxy.upstream.receiver import Failure
from ingressd.proxy.upstream.response_head import Framing, ResponseHead
from ingressd.routing.policy import PodHttp, Policy

NAMES = st.sampled_from(
    b"X-A Accept TE Connection Keep-Alive Proxy X-Forwarded-For X-Forwarded-Host X-Real-IP X_A "
    b"Cookie Trailer".split()
)
VALUES = st.sampled_from(
    [b"1", b"close", b"x-a, host", b"content-length", b"caf\xe9", b"100-continue"]
)
FRAMINGS = {
    b"": b"",
    b"Content-Length: 3\r\n": b"abc",
    b"Content-Length: 0\r\n": b"",
    b"Content-Length: 9\r\n": b"abc",
    b"Transfer-Encoding: chunked\r\n": b"3\r\nabc\r\n0\r\n\r\n",
    b"Transfer-Encoding: Chunked\r\n": b"3\r\nabc\r\n",
}


class Strict:
    """Collects the field names that llhttp finds."""

    def __init__(self) -> None:
        self.names: list[bytes] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.names.append(name.lower())


def sent(request: Request) -> bytes:
    """The head and what follows it at once."""
    return serialise(request, b"" if request.streams_body else request.payload.read_nowait())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.tuples(NAMES, VALUES), max_size=6),
    st.sampled_from(sorted(FRAMINGS)),
    st.sampled_from([b"GET", b"POST", b"PROPFIND"]),
)
async def test_what_is_sent_parses_strictly_and_is_framed_exactly_once(
    fields: list[tuple[bytes, bytes]], framing: bytes, method: bytes
) -> None:
    lines = b"".join(b"%b: %b\r\n" % field for field in fields)
    head = b"%b /x HTTP/1.1\r\nHost: a.test\r\n%b%b\r\n" % (method, lines, framing)
    request = received(head + FRAMINGS[framing])
    strict = Strict()
    httptools.HttpRequestParser(strict).feed_data(sent(request))
    names = strict.names
    assert names.count(b"content-length") + names.count(b"transfer-encoding") == bool(framing)
    assert names.count(b"host") == 1
    assert all(names.count(name) <= 1 for name in FORWARDED)
    assert not {b"te", b"keep-alive", b"proxy", b"x_a", b"trailer", b"expect"} & set(names)


async def test_the_head_that_a_pod_gets() -> None:
    request = get(b"/a%2Fb?", b"X-Request-ID: id-1\r\nX-Forwarded-For: 6.6.6.6\r\nAccept: */*\r\n")
    assert serialise(request, b"") == (
        b"GET /a%2Fb? HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\n"
        b"X-Real-IP: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Port: 80\r\n"
        b"X-Forwarded-Proto: http\r\nX-Forwarded-Scheme: http\r\nX-Scheme: http\r\n"
        b"X-Forwarded-Host: a.test\r\nX-Request-ID: id-1\r\n"
        b"X-Original-Forwarded-For: 6.6.6.6\r\n\r\n"
    )


async def test_a_small_chunked_body_gets_a_length() -> None:
    chunked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    whole = received(chunked + b"3\r\nabc\r\n0\r\n\r\n")
    assert sent(whole).endswith(b"\r\nContent-Length: 3\r\n\r\nabc")
    empty = received(chunked + b"0\r\n\r\n")
    assert sent(empty).endswith(b"\r\nContent-Length: 0\r\n\r\n")
    begun = received(chunked + b"3\r\nabc\r\n")
    assert sent(begun).endswith(b"\r\nTransfer-Encoding: chunked\r\n\r\n")


async def test_an_upgrade_is_asked_for_in_our_words() -> None:
    request = get(extra=b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n")
    assert serialise(request, b"").endswith(b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")


@pytest.mark.parametrize(
    ("http", "opening"),
    [
        (PodHttp(), b"HTTP/1.1\r\nHost: "),
        (PodHttp(connection="close"), b"HTTP/1.1\r\nConnection: close\r\nHost: "),
        (PodHttp(connection="keep-alive"), b"HTTP/1.1\r\nConnection: keep-alive\r\nHost: "),
        (PodHttp("1.0"), b"HTTP/1.0\r\nConnection: close\r\nHost: "),
        (PodHttp("1.0", "keep-alive"), b"HTTP/1.0\r\nConnection: keep-alive\r\nHost: "),
    ],
)
async def test_how_a_policy_speaks_to_pods(http: PodHttp, opening: bytes) -> None:
    passage = Passage(Policy(pod_http=http), ServiceAffinity(), Exchange)
    assert serialise(get(), b"", passage.opening).startswith(b"GET / %ba.test\r\n" % opening)
    upgrade = get(extra=b"Connection: Upgrade\r\nUpgrade: websocket\r\n")
    asked = serialise(upgrade, b"", passage.opening)
    assert asked.startswith(b"GET / HTTP/1.1\r\nHost: a.test\r\n")
    assert asked.count(b"Connection: ") == 1


async def test_a_body_that_waits_in_a_file_has_a_length() -> None:
    request = received(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    request.body_file = TemporaryFiles().new()
    request.body_file.append(b"abcd")
    assert serialise(request, b"").endswith(b"\r\nContent-Length: 4\r\n\r\n")
    request.release_body()


def test_the_page_for_a_pods_answer_tells_how_to_get_in_and_nothing_else() -> None:
    lines = [b"www-AUTHENTICATE: Basic\r\n", b"X: y\r\n", b"WWW-Authenticate: Bearer\r\n"]
    head = ResponseHead(401, b"No", lines, Framing.LENGTH, 2, b"")
    assert refusal_of(head) == Refusal(401, (lines[0], lines[2]))


async def test_an_answer_that_comes_right_after_its_client_left_does_no_harm() -> None:
    done: asyncio.Future[Failure | None] = asyncio.get_running_loop().create_future()
    done.cancel()
    _settle(done, None)
    assert done.cancelled()
