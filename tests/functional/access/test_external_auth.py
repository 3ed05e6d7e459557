"""A service is asked about every request: the question, and what comes of no answer."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import time
from pathlib import Path

import pytest
from msgspec import structs
from support.certificates import CertificateAuthority
from support.clients import Client, connect
from support.guarded import answer, guarded, policy
from support.pods import OK, Pod, Script, Visit, answering, black_hole, free_port, pod
from support.proxies import proxy, simple
from support.websockets import ASK, agree_and_shout

from ingressd.routing.policy import ExternalAuth, Policy, Timeouts

QUICK = Timeouts(connect=0.2, read=0.3)
LONG = 60.0


@pytest.mark.parametrize(
    ("said", "status", "asks_pod"),
    [
        (answer(200), 200, True),
        (answer(201, body=b"made"), 200, True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 200, True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, True),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, True),
        (answer(401), 401, False),
        (answer(403, b"WWW-Authenticate: Basic\r\n"), 403, False),
        (answer(302, b"Location: http://login.test/\r\n"), 500, False),
        (answer(304), 500, False),
        (answer(400), 500, False),
        (answer(404), 500, False),
        (answer(407), 500, False),
        (answer(500), 500, False),
        (answer(503), 500, False),
        (b"HTTP/1.1 600 What\r\nContent-Length: 0\r\n\r\n", 500, False),
        (b"SSH-2.0-OpenSSH_9.2\r\n", 500, False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n", 500, False),
    ],
)
async def test_only_2xx_admits_and_only_401_and_403_are_passed_on(
    said: bytes, status: int, asks_pod: bool
) -> None:
    async def script(visit: Visit) -> None:
        while await visit.request():
            await visit.send(said)
            if said.startswith((b"HTTP/1.0", b"SSH")):
                return

    async with guarded(script) as it:
        response = await it.get()
        assert (response.status, bool(it.web.requests)) == (status, asks_pod)
        assert response.value(b"location") is None


async def test_the_question() -> None:
    async with guarded(answering(OK), request_redirect="") as it:
        extra = (
            b"Authorization: Basic eDp5\r\nCookie: a=1; b=2\r\nX-Many: 1\r\nX-Many: 2\r\n"
            b"X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX-Real-IP: 1.2.3.4\r\n"
            b"X-Original-URL: http://evil.test/\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n"
            b"X-Request-ID: abc\r\nAccept: text/html\r\n"
        )
        assert (await it.get(b"/a%2Fb?c=%20&d", extra)).status == 200
        (question,) = it.service.requests
        assert question.line == b"GET /verify?x=1 HTTP/1.1"
        assert sorted(question.headers) == [
            (b"Accept", b"text/html"),
            (b"Authorization", b"Basic eDp5"),
            (b"Cookie", b"a=1; b=2"),
            (b"Host", b"127.0.0.1"),
            (b"X-Auth-Request-Redirect", b"/a%2Fb?c=%20&d"),
            (b"X-Forwarded-For", b"127.0.0.1"),
            (b"X-Many", b"1"),
            (b"X-Many", b"2"),
            (b"X-Original-Method", b"GET"),
            (b"X-Original-URL", b"http://a.test/a%2Fb?c=%20&d"),
            (b"X-Real-IP", b"127.0.0.1"),
            (b"X-Request-ID", b"abc"),
            (b"X-Sent-From", b"nginx-ingress-controller"),
        ]
        assert it.web.requests[0].value(b"authorization") == b"Basic eDp5"


async def test_a_method_that_is_named_tells_the_service_more() -> None:
    async with guarded(answering(OK), method="POST") as it:
        await it.client.send(b"PUT /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\nbody")
        assert (await it.client.response()).body == b"body"
        (question,) = it.service.requests
        assert question.line == b"POST /verify?x=1 HTTP/1.1"
        assert question.value(b"content-length") == b"0"
        assert question.value(b"x-original-method") == b"PUT"
        assert question.value(b"x-original-uri") == b"/x"
        assert question.value(b"x-scheme") == b"http"


async def test_variables_in_the_url_and_in_headers() -> None:
    async with pod(answering(OK)) as service, pod() as web:
        auth = ExternalAuth(
            f"http://127.0.0.1:{service.port}/$host/$request_method?u=$arg_u&at=$escaped_request_uri",
            request_redirect="https://$host$uri",
            headers=(
                ("X-Who", "$http_x_user of $namespace"),
                ("X-Path", " $uri"),
                ("Accept", ""),
                ("Host", "b.test"),
            ),
        )
        delta = simple([web.port], Policy(external_auth=auth))
        async with proxy(delta) as running, connect(running.port) as client:
            path = b"/a%0d%0aX-Evil:%201?u=%0d%0aq&v"
            extra = b"X-User: jane\r\nAccept: x\r\nX-Who: root\r\n"
            assert (await client.get(path, extra=extra)).status == 200
        (question,) = service.requests
        escaped = b"%2Fa%250d%250aX-Evil%3A%25201%3Fu%3D%250d%250aq%26v"
        assert question.line == b"GET /a.test/GET?u=%%0d%%0aq&at=%b HTTP/1.1" % escaped
        assert question.values(b"x-who") == [b"jane of default"]
        assert question.values(b"host") == [b"b.test"]
        assert question.value(b"accept") is None
        assert question.value(b"x-path") == b"/a%0D%0AX-Evil: 1"
        assert question.value(b"x-evil") is None
        redirect = question.value(b"x-auth-request-redirect")
        assert redirect == b"https://a.test/a%0D%0AX-Evil: 1"


async def test_a_url_that_variables_spoil_admits_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async with pod() as web:
        auth = ExternalAuth("http://127.0.0.1:1$arg_port/")
        delta = simple([web.port], Policy(external_auth=auth))
        async with proxy(delta) as running, connect(running.port) as client:
            assert (await client.get(b"/?port=99999")).status == 500
            assert (await client.get(b"/?port=x")).status == 500
        assert web.requests == []
    assert caplog.records == [], "clients cannot fill the log"


async def silent(visit: Visit) -> None:
    await visit.request()
    await visit.reader.read()


async def trickling(visit: Visit) -> None:
    await visit.request()
    for octet in OK:
        await visit.send(bytes([octet]))
        await asyncio.sleep(0.05)


async def hanging_up(visit: Visit) -> None:
    await visit.request()


@pytest.mark.parametrize(
    ("script", "timeouts"),
    [
        (silent, Timeouts(connect=LONG, read=0.3)),
        (trickling, QUICK),
        (hanging_up, Timeouts(connect=LONG, read=LONG)),
    ],
)
async def test_a_service_that_does_not_answer_in_time_admits_nobody(
    script: Script, timeouts: Timeouts
) -> None:
    async with guarded(script, timeouts=timeouts) as it:
        began = time.monotonic()
        assert (await it.get()).status == 500
        assert time.monotonic() - began < 1.5
        assert it.web.requests == []


async def test_a_service_that_is_not_there_admits_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with black_hole() as hole:
        for port in (free_port(), hole):
            async with pod() as web:
                delta = simple([web.port], policy(port, QUICK))
                async with proxy(delta) as running, connect(running.port) as client:
                    assert (await client.get()).status == 500
                    assert (await client.get()).status == 500
                assert web.requests == []
    told = [record.getMessage() for record in caplog.records]
    assert all(text.startswith("auth-url: http://127.0.0.1:") for text in told)
    assert len(told) == 2, "not a line for each request"


async def test_an_answer_that_is_no_decision_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async with guarded(answering(answer(302))) as it:
        await it.get()
        await it.get()
    (told,) = caplog.records
    assert told.getMessage().endswith("gives no decision: its answer is 302")


async def test_a_body_that_goes_on_after_the_decision_holds_nobody_up() -> None:
    async def endless(visit: Visit) -> None:
        while await visit.request():
            await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
            while True:
                await visit.send(b"x" * 65536)

    async with guarded(endless) as it:
        assert (await it.get()).status == 200
        assert (await it.get()).status == 200
        assert it.service.connections == 2


async def test_questions_share_a_connection() -> None:
    async with guarded(answering(answer(200, body=b"welcome"))) as it:
        for _ in range(5):
            assert (await it.get()).status == 200
        assert (it.service.connections, len(it.service.requests)) == (1, 5)


@pytest.mark.parametrize("method", ["", "POST"])
async def test_a_connection_that_died_costs_no_request(method: str) -> None:
    async def once(visit: Visit) -> None:
        await visit.request()
        await visit.send(OK)
        if visit.pod.connections == 1:
            await visit.request()
            visit.reset()
        else:
            await answering(OK)(visit)

    async with guarded(once, method=method) as it:
        assert [(await it.get()).status for _ in range(3)] == [200, 200, 200]
        assert it.service.connections == 2


@pytest.mark.parametrize("at_once", [True, False])
async def test_what_comes_unasked_is_no_answer(at_once: bool) -> None:
    answered, poisoned = asyncio.Event(), asyncio.Event()

    async def poisonous(visit: Visit) -> None:
        if visit.pod.connections > 1:
            await answering(answer(403))(visit)
            return
        await visit.request()
        await visit.send(OK)
        if not at_once:
            await answered.wait()
        await visit.send(OK)
        poisoned.set()
        await visit.reader.read()

    async with guarded(poisonous) as it:
        assert (await it.get()).status == 200
        answered.set()
        await poisoned.wait()
        assert (await it.get()).status == 403


def reset(client: Client) -> None:
    """Close with RST: a client that closes its half alone still waits for its answer."""
    sock = client.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.writer.transport.abort()


async def test_a_client_that_leaves_takes_its_question_along() -> None:
    gone = asyncio.Event()

    async def waiting(visit: Visit) -> None:
        await visit.request()
        await visit.reader.read()
        gone.set()

    async with guarded(waiting) as it:
        await it.client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        await it.service.arrived.wait()
        reset(it.client)
        async with asyncio.timeout(5):
            await gone.wait()
        assert it.web.requests == []


class Gate:
    """A service that lets the test say when it answers."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    async def __call__(self, visit: Visit) -> None:
        while await visit.request():
            await self.open.wait()
            await visit.send(OK)


async def test_a_body_waits_until_it_may_pass() -> None:
    gate = Gate()
    size = 8 << 20
    async with pod(gate) as service, pod() as web:
        guard = structs.replace(policy(service.port), body_limit=0)
        async with proxy(simple([web.port], guard)) as running, connect(running.port) as client:
            head = b"PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % size
            await client.send(head)
            sending = asyncio.create_task(client.send(b"x" * size))
            await service.arrived.wait()
            assert service.requests[0].value(b"content-length") is None
            assert web.requests == []
            assert not sending.done(), "8 MiB were taken from the client ahead of the decision"
            gate.open.set()
            await sending
            response = await client.response()
            assert (response.status, len(response.body)) == (200, size)


async def test_a_body_that_may_not_pass_is_not_read() -> None:
    async with guarded(answering(answer(403))) as it:
        head = b"PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000\r\n\r\n"
        await it.client.send(head + b"x" * 1000)
        response = await it.client.response()
        assert (response.status, response.value(b"connection")) == (403, b"close")
        assert it.web.requests == []


async def test_a_service_behind_tls_is_asked_by_name_and_believed(tmp_path: Path) -> None:
    names: list[str | None] = []
    pair = CertificateAuthority().leaf("someone.else.test")
    (tmp_path / "pair").write_bytes(pair.private_key + pair.chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pair")
    context.sni_callback = lambda _socket, name, _context: names.append(name)  # type: ignore[func-returns-value]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answering(OK)(Visit(service, reader, writer))
        writer.close()

    service = Pod(answering(OK))
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with server, pod() as web:
        auth = ExternalAuth(f"https://localhost:{port}/")
        delta = simple([web.port], Policy(external_auth=auth))
        async with proxy(delta) as running, connect(running.port) as client:
            assert (await client.get()).status == 200
    assert names == ["localhost"]
    assert service.requests[0].value(b"host") == b"localhost"


async def test_requests_in_a_row_are_answered_in_a_row() -> None:
    async with guarded(answering(OK)) as it:
        one = b"GET /%d HTTP/1.1\r\nHost: a.test\r\n\r\n"
        await it.client.send(b"".join(one % number for number in range(5)))
        bodies = [(await it.client.response()).body for _ in range(5)]
        assert bodies == [b"/0", b"/1", b"/2", b"/3", b"/4"]


@pytest.mark.parametrize(("decision", "status"), [(200, 101), (401, 401)])
async def test_a_websocket_is_opened_for_who_is_admitted(decision: int, status: int) -> None:
    async with guarded(answering(answer(decision)), agree_and_shout) as it:
        await it.client.send(ASK)
        assert (await it.client.response()).status == status
        (question,) = it.service.requests
        assert question.value(b"connection") is None
        assert question.value(b"upgrade") is None
        if status == 101:
            await it.client.send(b"ping")
            assert await it.client.reader.readexactly(4) == b"PING"
        else:
            assert it.web.requests == []
