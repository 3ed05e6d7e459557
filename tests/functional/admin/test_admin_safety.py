"""The admin port in front of people who mean harm: it tells, and does nothing else."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from urllib.parse import quote

import msgspec
import pytest
from aiohttp import web
from support.clients import Client, Response, connect
from support.views import PRIVATE_KEY, StillView
from support.waiting import until

from ingressd.admin import server
from ingressd.admin.server import admin_application, start_admin

PAGES = ("/", "/healthz", "/readyz", "/metrics", "/api/v1/routes", "/api/v1/findings")
WRITING = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
FOREIGN = b"Origin: https://evil.test\r\n"
SCRIPT = "<script>alert(1)</script>"
LINES = "\r\nX-Injected: yes\r\n\r\n<b>"


@pytest.fixture
def view() -> StillView:
    return StillView()


@pytest.fixture
async def runner(view: StillView) -> AsyncIterator[web.AppRunner]:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        runner = await start_admin(admin_application(view), [bound])
        yield runner
        await runner.cleanup()


@pytest.fixture
def port(runner: web.AppRunner) -> int:
    return int(runner.addresses[0][1])


async def ask(
    port: int, target: str, method: str = "GET", extra: bytes = b"", body: bytes = b""
) -> Response:
    """One request on a connection of its own; ``target`` travels as it is."""
    async with connect(port) as client:
        line = f"{method} {target} HTTP/1.1\r\nHost: a.test\r\n".encode()
        await client.send(line + extra + b"\r\n" + body)
        return await client.response(is_head=method == "HEAD")


# Nothing can be changed, by nobody.


@pytest.mark.parametrize("method", WRITING)
async def test_only_get_and_head_are_allowed(port: int, method: str) -> None:
    for page in PAGES:
        answer = await ask(port, page, method, b"Content-Length: 2\r\n", b"{}")
        assert answer.status == 405
        assert answer.value(b"allow") == b"GET,HEAD"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
async def test_no_other_origin_may_read_an_answer(port: int, method: str) -> None:
    wish = b"Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Private-Network: true\r\n"
    for page in PAGES:
        answer = await ask(port, page, method, FOREIGN + wish + b"Content-Length: 0\r\n")
        names = {name.lower() for name, _ in answer.headers}
        assert not [name for name in names if name.startswith(b"access-control-")]
        assert b"set-cookie" not in names


async def test_no_request_changes_what_it_shows(port: int, view: StillView) -> None:
    before = (view.table, view.findings, view.state)
    pages = [(await ask(port, page)).body for page in PAGES[3:]]
    for method in ("POST", "PUT", "DELETE"):
        for page in (*PAGES, "/api/v1/explain", "/-/reload", "/-/quit", "/debug/pprof"):
            query = "?url=http://x/&_method=DELETE"
            override = b"X-HTTP-Method-Override: DELETE\r\nContent-Length: 0\r\n"
            assert (await ask(port, page + query, method, override)).status in (404, 405)
    assert (view.table, view.findings, view.state) == before
    assert [(await ask(port, page)).body for page in PAGES[3:]] == pages


# Nothing comes back as it was sent.

NASTY_TARGETS = [
    f"/?url={quote(f'http://{SCRIPT}/')}",
    f"/?url={quote(f'http://shop.test/{SCRIPT}')}",
    f"/?url={quote(SCRIPT)}",
    f"/?url=http://shop.test/&method={quote(SCRIPT)}",
    f"/?url={quote(f'http://shop.test/{LINES}')}",
    f"/?url=http://shop.test/&method={quote(LINES)}",
    f"/?url={quote(chr(34))}onfocus=alert(1)%20autofocus=%22",
    f"/?url={quote('javascript:alert(1)')}",
    f"/?url={quote('http://[::1')}",
    f"/?url={quote('http://shop.test:99999999/')}",
    f"/?url={quote('http://shop.test/%00%ff')}",
    "/?url=http://%ED%A0%80.test/",
    f"/api/v1/explain?url={quote(f'http://shop.test/{SCRIPT}')}",
    f"/api/v1/explain?url={quote(SCRIPT)}",
    f"/api/v1/explain?url=http://shop.test/&header={quote(LINES)}",
    f"/api/v1/explain?url=http://shop.test/&header={quote(f'Host: {SCRIPT}')}",
    f"/api/v1/explain?url=http://shop.test/&method={quote(LINES)}",
    f"/{quote(SCRIPT)}",
    "/{{7*7}}${7*7}<%=7*7%>",
    f"/{SCRIPT.replace(' ', '')}",
    "/../../../../etc/passwd",
    "/..%2f..%2f..%2f..%2fetc/passwd",
    "/api/v1/../../etc/passwd",
    "//evil.test/",
    "/api/v1/routes/%2e%2e/%2e%2e/",
]


@pytest.mark.parametrize("target", NASTY_TARGETS)
async def test_nothing_is_reflected_as_it_came(port: int, target: str) -> None:
    answer = await ask(port, target)
    assert answer.status in (200, 400, 404)
    assert b"x-injected" not in {name.lower() for name, _ in answer.headers}
    assert answer.value(b"x-content-type-options") == b"nosniff"
    assert b"root:" not in answer.body
    assert PRIVATE_KEY not in answer.body
    if (answer.value(b"content-type") or b"").startswith(b"text/html"):
        assert not re.search(rb"<script|<[^>]*\sonfocus=|<b>|href=.?javascript", answer.body)
        assert (answer.value(b"content-security-policy") or b"").startswith(b"default-src 'none'")
    elif answer.value(b"content-type") == b"application/json":
        msgspec.json.decode(answer.body)
    else:
        assert (answer.value(b"content-type") or b"").startswith(b"text/plain")


@pytest.mark.parametrize("host", [b"evil.test", b"127.0.0.1", b"<script>", b"", b"a.test:1"])
async def test_the_host_that_is_asked_for_does_not_matter(port: int, host: bytes) -> None:
    async with connect(port) as client:
        await client.send(b"GET /?url=x HTTP/1.1\r\nHost: %b\r\n\r\n" % host)
        answer = await client.response()
    assert answer.status == 200
    assert not host or b"evil.test" not in answer.body
    assert answer.value(b"location") is None


# Requests that are no requests.

MALFORMED = {
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "two lengths": b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    "length and chunks": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "folded": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
    "a bare return": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
    "nul": b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a script": b"<script>alert(1)</script>\r\n\r\n",
    "a script as method": b"<script> / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a long line": b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "a long field": b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    "letters": b"GET /" + b"x" * 20_000,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": bytes.fromhex("160301020001000" + "1fc0303") + b"\0" * 500 + b"\r\n\r\n",
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED)
async def test_what_is_malformed_is_refused_and_is_no_page(
    port: int, raw: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with connect(port) as client:
        await client.send(raw)
        answer = await client.response()
        assert await client.at_eof()
    assert (answer.status, answer.body) == (400, b"bad request\n")
    assert answer.value(b"content-type") == b"text/plain; charset=utf-8"
    assert_hardened(answer)
    assert not [each for each in caplog.records if each.levelno > logging.DEBUG]
    assert (await ask(port, "/healthz")).status == 200


async def test_a_body_is_not_read_however_large_it_is(port: int) -> None:
    async with connect(port) as client:
        await client.send(
            b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000000\r\n\r\n"
        )
        assert (await client.response()).status == 200
    assert (await ask(port, "/healthz")).status == 200


# Clients that stay.


async def trickling(stack: AsyncExitStack, port: int, count: int) -> list[Client]:
    """Clients that have sent a part of a head and send no more."""
    clients = [await stack.enter_async_context(connect(port)) for _ in range(count)]
    for client in clients:
        await client.send(b"GET /healthz HTTP/1.1\r\nX: ")
    return clients


async def test_clients_that_never_finish_hold_up_nobody(port: int) -> None:
    async with AsyncExitStack() as stack:
        await trickling(stack, port, 200)
        async with asyncio.timeout(1):
            for page in PAGES:
                assert (await ask(port, page)).status == 200


async def test_of_too_many_connections_the_oldest_are_closed(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 20)
    async with AsyncExitStack() as stack:
        clients = await trickling(stack, port, 30)
        for client in clients[:10]:
            assert await client.at_eof()
        assert not any(client.reader.at_eof() for client in clients[10:])


async def test_no_connection_stays_for_ever(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async with AsyncExitStack() as stack:
        (never,) = await trickling(stack, port, 1)
        idle = await stack.enter_async_context(connect(port))
        assert (await idle.get(b"/healthz")).status == 200
        monkeypatch.setattr(server, "LONGEST_CONNECTION", 0.0)
        assert await never.at_eof()
        assert await idle.at_eof()
        monkeypatch.undo()
    assert (await ask(port, "/healthz")).status == 200


async def test_a_client_that_does_not_read_is_cut_in_the_end(
    runner: web.AppRunner, port: int, view: StillView, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert runner.server is not None
    view.findings = tuple(view.findings) * 50_000
    async with connect(port) as client:
        await client.send(b"GET /api/v1/findings HTTP/1.1\r\nHost: a\r\n\r\n")
        await client.reader.readuntil(b"\r\n\r\n")
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        monkeypatch.setattr(server, "LONGEST_CONNECTION", 0.0)
        await until(lambda: not runner.server.connections)


# It needs no secret to be safe to scrape.


async def test_no_page_has_a_key_a_cookie_or_a_version_of_what_it_runs_on(port: int) -> None:
    for page in PAGES:
        answer = await ask(port, page)
        assert PRIVATE_KEY not in answer.body
        assert answer.value(b"set-cookie") is None
        assert_hardened(answer)


def assert_hardened(answer: Response) -> None:
    assert answer.value(b"server") == b"ingressd"
    assert answer.value(b"cache-control") == b"no-store"
    assert answer.value(b"x-content-type-options") == b"nosniff"
    assert answer.value(b"x-frame-options") == b"DENY"


async def test_a_fault_of_our_own_is_told_in_the_log_only(
    port: int, view: StillView, caplog: pytest.LogCaptureFixture
) -> None:
    view.state = None  # type: ignore[assignment]
    answer = await ask(port, "/readyz")
    assert answer.status == 500
    assert b"NoneType" not in answer.body
    assert_hardened(answer)
    assert "Error handling request" in caplog.text
