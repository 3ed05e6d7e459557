"""Error pages that a default backend gives (ingress-nginx ``custom-http-errors``)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from support.clients import Client, connect, fetch
from support.error_pages import CODES, PAGE, dead, gone, replacing, silent, table, told
from support.nginx import connect_to, needs_nginx, nginx
from support.pods import CUT_SHORT, Script, Visit, answering, free_port, pod
from support.proxies import proxy, simple, upstream
from support.websockets import UPGRADE

from ingressd.routing.delta import Delta
from ingressd.routing.global_policy import GlobalPolicy
from ingressd.routing.model import Backend
from ingressd.routing.policy import (
    Bandwidth,
    Buffering,
    CookieAffinity,
    Cors,
    ErrorPages,
    PodHttp,
    Policy,
    Retries,
    RetryAfter,
)

Door = Callable[[], AbstractAsyncContextManager[Client]]
"""Opens a connection to the program that is asked."""


@asynccontextmanager
async def ingressd_before(port: int, errors: int, folder: Path) -> AsyncIterator[Door]:
    async with proxy(table([port], [errors], replacing())) as serving:
        yield partial(connect, serving.port)


@asynccontextmanager
async def nginx_before(port: int, errors: int, folder: Path) -> AsyncIterator[Door]:
    """With what ingress-nginx writes for custom-http-errors."""
    named = "".join(
        f"""
    location @custom_{code} {{
      internal;
      proxy_intercept_errors off;
      proxy_set_header X-Code {code};
      proxy_set_header X-Format $http_accept;
      proxy_set_header X-Original-URI $request_uri;
      proxy_set_header X-Namespace default;
      proxy_set_header X-Ingress-Name web;
      proxy_set_header X-Service-Name web;
      proxy_set_header X-Service-Port 80;
      proxy_set_header Host $http_host;
      rewrite (.*) / break;
      proxy_pass http://127.0.0.1:{errors};
    }}"""
        for code in CODES
    )
    pages = "".join(f"error_page {code} = @custom_{code};" for code in CODES)
    location = f"""
    client_max_body_size 1m;
    location / {{
      proxy_intercept_errors on;
      {pages}
      proxy_read_timeout 300ms;
      proxy_pass http://127.0.0.1:{port};
    }}"""
    async with nginx(folder, server=location + named) as door:
        yield partial(connect_to, door)


FRONTS = [
    pytest.param(ingressd_before, id="ingressd"),
    pytest.param(nginx_before, id="nginx", marks=needs_nginx),
]
Front = Callable[[int, int, Path], AbstractAsyncContextManager[Door]]


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize(
    ("script", "code"),
    [(gone(404), b"404"), (gone(503), b"503"), (silent, b"504"), (dead, b"502")],
)
async def test_the_page_takes_the_place_of_the_answer(
    front: Front, script: Script, code: bytes, tmp_path: Path
) -> None:
    async with (
        pod(script) as web,
        pod(answering(PAGE)) as errors,
        front(web.port, errors.port, tmp_path) as door,
        door() as client,
    ):
        extra = b"Accept: text/x-page;q=1\r\nX-Code: 200\r\nX-Namespace: other\r\n"
        answer = await client.get(b"/a%20b?q=%2F&r", extra=extra)
        assert told(errors) == [
            b"GET /?q=%2F&r HTTP/1.1", code, b"text/x-page;q=1", b"/a%20b?q=%2F&r", b"default",
            b"web", b"web", b"80",
        ]  # fmt: skip
        assert (answer.status, answer.body, answer.value(b"x-page")) == (200, b"page", b"1")
        assert answer.value(b"x-pod") is None
        assert answer.value(b"content-type") == b"text/x-page"


@pytest.mark.parametrize("front", FRONTS)
async def test_what_is_not_listed_is_passed_on(front: Front, tmp_path: Path) -> None:
    async with (
        pod(gone(418)) as web,
        pod() as errors,
        front(web.port, errors.port, tmp_path) as door,
        door() as client,
    ):
        assert ((await client.get()).status, errors.requests) == (418, [])


@pytest.mark.parametrize("front", FRONTS)
async def test_head_stays_head(front: Front, tmp_path: Path) -> None:
    async def page(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\n")

    async def nothing(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\n")

    async with (
        pod(nothing) as web,
        pod(page) as errors,
        front(web.port, errors.port, tmp_path) as door,
        door() as client,
    ):
        await client.send(b"HEAD /x HTTP/1.1\r\nHost: a.test\r\n\r\n")
        answer = await client.response(is_head=True)
        assert (answer.status, answer.value(b"content-length")) == (404, b"4")
    assert errors.requests[0].line == b"HEAD / HTTP/1.1"


@pytest.mark.parametrize("front", FRONTS)
async def test_the_way_in_is_still_told(front: Front, tmp_path: Path) -> None:
    async with (
        pod(gone(401, b"WWW-Authenticate: Basic realm=x")) as web,
        pod(answering(PAGE)) as errors,
        front(web.port, errors.port, tmp_path) as door,
        door() as client,
    ):
        answer = await client.get()
        assert (answer.status, answer.body) == (200, b"page")
        assert answer.values(b"www-authenticate") == [b"Basic realm=x"]


@pytest.mark.parametrize("front", FRONTS)
async def test_a_page_that_cannot_be_had_is_ours(front: Front, tmp_path: Path) -> None:
    """nginx has a page for the failure of the page then."""
    async with (
        pod(gone(404)) as web,
        front(web.port, free_port(), tmp_path) as door,
        door() as client,
    ):
        answer = await client.get()
        assert answer.status == (404 if front is ingressd_before else 502)
        assert b"secret" not in answer.body


LONG = bytes(300_000)


def asking(method: bytes, body: bytes) -> bytes:
    head = b"%b /x?y HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n"
    return head % (method, len(body)) + body


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize(
    ("method", "body"),
    [(b"POST", b"hi"), (b"PUT", LONG), (b"DELETE", b"")],
    ids=["short", "long", "none"],
)
async def test_the_page_is_asked_for_with_the_method_and_the_body(
    front: Front, method: bytes, body: bytes, tmp_path: Path
) -> None:
    async with (
        pod(gone(404)) as web,
        pod(answering(PAGE)) as errors,
        front(web.port, errors.port, tmp_path) as door,
        door() as client,
    ):
        for _ in range(2):  # the second one on the same connections
            await client.send(asking(method, body))
            assert (await client.response()).body == b"page"
    assert [request.line for request in errors.requests] == [b"%b /?y HTTP/1.1" % method] * 2
    assert [request.body == body for request in (*web.requests, *errors.requests)] == [True] * 4


async def test_a_body_that_is_too_large_is_for_no_page_either(tmp_path: Path) -> None:
    """nginx says Content-Length: 0 as well, once it has read the body."""
    head = b"POST /x?y HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2000000\r\n\r\n"
    async with (
        pod() as web,
        pod(answering(PAGE)) as errors,
        ingressd_before(web.port, errors.port, tmp_path) as door,
        door() as client,
    ):
        await client.send(head)
        assert (await client.response()).body == b"page"
    (asked,) = errors.requests
    assert (asked.line, asked.value(b"content-length")) == (b"POST /?y HTTP/1.1", b"0")
    assert web.requests == []


async def test_a_page_is_asked_for_as_a_whole(tmp_path: Path) -> None:
    extra = b"Range: bytes=0-1\r\nIf-None-Match: x\r\nIf-Modified-Since: y\r\nX-Own: z\r\n"
    async with (
        pod(gone(404)) as web,
        pod(answering(PAGE)) as errors,
        ingressd_before(web.port, errors.port, tmp_path) as door,
        door() as client,
    ):
        await client.get(extra=extra)
    names = {name.lower() for name, _ in errors.requests[0].headers}
    assert b"x-own" in names
    assert not names & {b"range", b"if-none-match", b"if-modified-since"}


ON_503 = RetryAfter(statuses=(503,))


async def test_without_a_default_backend_the_page_is_ours() -> None:
    async with (
        pod(gone(404)) as web,
        proxy(simple([web.port], Policy(error_pages=ErrorPages(CODES)))) as running,
    ):
        answer = await fetch(running.port)
    assert answer.status == 404
    assert b"secret" not in answer.body
    assert answer.value(b"x-pod") is None


async def test_the_default_backend_of_all_routes_is_asked_where_there_is_no_other() -> None:
    everybodys = Backend("ops", "errors", "")
    async with (
        pod(gone(404)) as web,
        pod(answering(PAGE)) as errors,
        proxy(table([web.port], [], replacing())) as running,
    ):
        assert (await fetch(running.port)).status == 404
        policy = GlobalPolicy(default_backend=everybodys.upstream)
        upstreams = (upstream([errors.port], everybodys),)
        running.apply(Delta(0, upstreams=upstreams, global_policy=policy))
        assert (await fetch(running.port)).body == b"page"


@pytest.mark.parametrize(
    "fields",
    [
        {"bandwidth": Bandwidth(1 << 20)},
        {"buffering": Buffering(answers=True)},
        {"pod_http": PodHttp(connection="close")},
        {"affinity": CookieAffinity()},
        {"cors": Cors(origins=("http://b.test",))},
    ],
    ids=str,
)
async def test_it_does_not_matter_what_else_a_route_does(fields: dict[str, object]) -> None:
    async with (
        pod(gone(404)) as web,
        pod(answering(PAGE)) as errors,
        proxy(table([web.port], [errors.port], replacing(**fields))) as running,
        connect(running.port) as client,
    ):
        for _ in range(2):
            answer = await client.get(extra=b"Origin: http://b.test\r\n")
            assert (answer.status, answer.body) == (200, b"page")
            allowed = answer.value(b"access-control-allow-origin")
            assert allowed == (b"http://b.test" if "cors" in fields else None)
    assert errors.connections == 1


async def test_an_answer_before_the_whole_request_has_its_page_too() -> None:
    """Whichever pod has it: that the body is gone does not matter for a page."""

    async def hasty(visit: Visit) -> None:
        await visit.head()
        await visit.send(b"HTTP/1.1 404 Gone\r\nContent-Length: 6\r\n\r\nsecret")
        await visit.reader.read()

    unbuffered = replacing(buffering=Buffering(requests=False))
    async with (
        pod(hasty) as web,
        pod(answering(PAGE)) as errors,
        proxy(table([web.port], [errors.port, free_port(), free_port()], unbuffered)) as running,
    ):
        for _ in range(3):
            async with connect(running.port) as client:
                head = b"PUT /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 9\r\n\r\n"
                await client.send(head + b"half")
                answer = await client.response()
            assert (answer.body, answer.value(b"connection")) == (b"page", b"close")
    asked = {(request.line, request.value(b"content-length")) for request in errors.requests}
    assert asked == {(b"PUT / HTTP/1.1", b"0")}


async def test_an_answer_that_is_cut_short_is_not_followed_by_a_page(tmp_path: Path) -> None:
    async with (
        pod(answering(CUT_SHORT["length"])) as web,
        pod(answering(PAGE)) as errors,
        ingressd_before(web.port, errors.port, tmp_path) as door,
        door() as client,
    ):
        await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert not (await client.response()).complete
    assert errors.requests == []


async def test_a_long_body_that_was_kept_is_sent_again_also_for_a_page() -> None:
    body = bytes(300_000)
    policy = replacing(buffering=Buffering(request_memory=1000), retries=Retries(ON_503))
    async with (
        pod(gone(503)) as one,
        pod(gone(503)) as other,
        pod(answering(PAGE)) as errors,
        proxy(table([one.port, other.port], [errors.port], policy)) as running,
        connect(running.port) as client,
    ):
        await client.send(
            b"PUT /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )
        assert (await client.response()).body == b"page"
        assert (await client.get()).body == b"page"
    for each in (one, other):
        assert [len(request.body) for request in each.requests] == [len(body), 0]
    assert [len(request.body) for request in errors.requests] == [len(body), 0]


async def test_a_websocket_that_is_declined_has_the_page(tmp_path: Path) -> None:
    async with (
        pod(gone(503)) as web,
        pod(answering(PAGE)) as errors,
        ingressd_before(web.port, errors.port, tmp_path) as door,
        door() as client,
    ):
        assert (await client.get(extra=UPGRADE)).body == b"page"
    assert web.requests[0].value(b"upgrade") == b"websocket"
    assert errors.requests[0].value(b"upgrade") is None


async def test_a_client_that_leaves_takes_its_page_along(tmp_path: Path) -> None:
    async with (
        pod(gone(404)) as web,
        pod(silent) as errors,
        ingressd_before(web.port, errors.port, tmp_path) as door,
    ):
        async with door() as client:
            await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
            await errors.arrived.wait()
            client.writer.transport.abort()
        async with door() as client:
            assert (await client.get()).status == 404
