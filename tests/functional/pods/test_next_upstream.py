"""When another pod is asked, as annotations say it: the same as of a real nginx."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from support.annotated import configmap, ingress, served
from support.clients import Client, Response, connect
from support.nginx import connect_to, needs_nginx, nginx
from support.pods import OK, Pod, Visit, answering, free_port, pod
from support.proxies import proxy, simple

from ingressd.compiler.annotations.values import retry_conditions
from ingressd.routing.policy import Policy, Retries, Timeouts

Door = Callable[[], AbstractAsyncContextManager[Client]]
"""Opens a connection to the program that is asked."""

READ_TIMEOUT = 0.3
REFUSAL = b"HTTP/1.1 %d Nope\r\nContent-Length: 4\r\n\r\nnope"
FAILURES = {
    "silence": b"",
    "death": b"",
    "nonsense": b"HTTP/1.1 200 OK\r\nX\0Y: z\r\n\r\n",
    "part": b"HTTP/1.1 200 OK\r\nX-A: b\r\nX-",
    "503": REFUSAL % 503,
    "404": REFUSAL % 404,
}


class Failing:
    """Pods of which the first requests, whichever gets them, end in a failure."""

    def __init__(self, failure: str, times: int = 1) -> None:
        self._failure = failure
        self._left = times

    async def script(self, visit: Visit) -> None:
        while await visit.request():
            self._left -= 1
            if self._left < 0:
                await visit.send(OK)
                continue
            await visit.send(FAILURES[self._failure])
            if self._failure == "silence":
                await visit.reader.read()
            if not self._failure.isdigit():
                return


@asynccontextmanager
async def nginx_before(ports: list[int], words: str, folder: Path) -> AsyncIterator[Door]:
    servers = " ".join(f"server 127.0.0.1:{port} max_fails=0;" for port in ports)
    server = f"""location / {{
      proxy_pass http://pods;
      proxy_set_header Connection "";
      proxy_read_timeout 300ms;
      proxy_next_upstream {words};
    }}"""
    http = f"upstream pods {{ {servers} keepalive 8; }}"
    async with nginx(folder, http=http, server=server) as door:
        yield partial(connect_to, door)


def policy(words: str, **fields: float) -> Policy:
    after = retry_conditions().parse(words)
    return Policy(timeouts=Timeouts(read=READ_TIMEOUT), retries=Retries(after, **fields))  # type: ignore[arg-type]


@asynccontextmanager
async def ingressd_before(ports: list[int], words: str, folder: Path) -> AsyncIterator[Door]:
    async with proxy(simple(ports, policy(words))) as serving:
        yield partial(connect, serving.port)


FRONTS = [
    pytest.param(ingressd_before, id="ingressd"),
    pytest.param(nginx_before, id="nginx", marks=needs_nginx),
]
Front = Callable[[list[int], str, Path], AbstractAsyncContextManager[Door]]


async def ask(client: Client, method: bytes) -> Response:
    """A request with a small body, unless it has none by its nature."""
    body = b"" if method == b"GET" else b"hi"
    head = b"%b /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % (method, len(body))
    await client.send(head + body)
    return await client.response()


CASES = [
    ("error timeout", "503", b"GET", 503, 1),
    ("http_503", "503", b"GET", 200, 2),
    ("http_503 http_404", "404", b"PUT", 200, 2),
    ("http_404", "503", b"GET", 503, 1),
    ("http_503", "503", b"POST", 503, 1),
    ("http_503 non_idempotent", "503", b"POST", 200, 2),
    ("error", "death", b"GET", 200, 2),
    ("error", "death", b"DELETE", 200, 2),
    ("error", "death", b"POST", 502, 1),
    ("error non_idempotent", "death", b"POST", 200, 2),
    ("timeout http_503", "death", b"GET", 502, 1),
    ("timeout", "silence", b"GET", 200, 2),
    ("timeout", "silence", b"POST", 504, 1),
    ("error", "silence", b"GET", 504, 1),
    ("invalid_header", "nonsense", b"GET", 200, 2),
    ("error timeout", "nonsense", b"GET", 502, 1),
    ("off", "503", b"GET", 503, 1),
    ("off", "death", b"GET", 502, 1),
]


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize(("words", "failure", "method", "status", "asked"), CASES)
async def test_what_leads_to_another_pod(
    front: Front, words: str, failure: str, method: bytes, status: int, asked: int, tmp_path: Path
) -> None:
    failing = Failing(failure)
    async with (
        pod(failing.script) as one,
        pod(failing.script) as other,
        front([one.port, other.port], words, tmp_path) as door,
        door() as client,
    ):
        answer = await ask(client, method)
        assert (answer.status, len(one.requests) + len(other.requests)) == (status, asked)
        assert max(len(one.requests), len(other.requests)) == 1
        bodies = {request.body for request in one.requests + other.requests}
        assert bodies == {b"" if method == b"GET" else b"hi"}
        assert (await ask(client, b"GET")).status == 200


@pytest.mark.parametrize("front", FRONTS)
async def test_the_last_answer_is_passed_on(front: Front, tmp_path: Path) -> None:
    async with (
        pod(answering(REFUSAL % 503)) as one,
        pod(answering(REFUSAL % 503)) as other,
        front([one.port, other.port], "http_503", tmp_path) as door,
        door() as client,
    ):
        answer = await ask(client, b"GET")
    assert (answer.status, answer.body) == (503, b"nope")
    assert (len(one.requests), len(other.requests)) == (1, 1)


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize(
    ("words", "statuses"),
    [("error", {200}), ("timeout", {200, 502}), ("http_503", {200, 502}), ("off", {200, 502})],
)
async def test_a_refused_connection_is_an_error_like_others(
    front: Front, words: str, statuses: set[int], tmp_path: Path
) -> None:
    """Even though nothing was sent."""
    async with (
        pod(answering(OK)) as web,
        front([web.port, free_port()], words, tmp_path) as door,
        door() as client,
    ):
        assert {(await ask(client, b"POST")).status for _ in range(6)} == statuses


async def test_what_began_as_an_answer_stays_one(tmp_path: Path) -> None:
    """nginx would send the request again: the pod has carried it out, and said so in part."""
    failing = Failing("part")
    async with (
        pod(failing.script) as one,
        pod(failing.script) as other,
        ingressd_before([one.port, other.port], "error", tmp_path) as door,
        door() as client,
    ):
        assert (await ask(client, b"GET")).status == 502
    assert len(one.requests) + len(other.requests) == 1


@asynccontextmanager
async def refusing(count: int, chosen: Policy) -> AsyncIterator[tuple[list[Pod], int]]:
    """So many pods that answer 503, and the port of a proxy before them."""
    script = answering(REFUSAL % 503)
    async with (
        pod(script) as a, pod(script) as b, pod(script) as c, pod(script) as d, pod(script) as e,
        proxy(simple([each.port for each in (a, b, c, d, e)][:count], chosen)) as serving,
    ):  # fmt: skip
        yield [a, b, c, d, e], serving.port


@pytest.mark.parametrize(
    ("tries", "pods", "asked"), [(1, 5, 1), (2, 5, 2), (4, 5, 4), (9, 5, 5), (0, 5, 5), (3, 1, 1)]
)
async def test_tries_count_the_first_and_each_pod_once(tries: int, pods: int, asked: int) -> None:
    async with refusing(pods, policy("http_503", tries=tries)) as (those, port):
        async with connect(port) as client:
            assert (await ask(client, b"GET")).status == 503
        assert sum(len(each.requests) for each in those) == asked


async def test_a_used_connection_that_dies_is_no_try() -> None:
    """As in nginx: it says nothing about the pod."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(OK)
        if visit.pod.connections == 1:
            await visit.request()

    async with (
        pod(script) as web,
        proxy(simple([web.port], Policy(retries=Retries(tries=1)))) as running,
        connect(running.port) as client,
    ):
        assert [(await ask(client, b"GET")).status for _ in range(2)] == [200, 200]
    assert len(web.requests) == 3


async def test_a_request_that_is_not_sent_again_does_not_risk_an_old_connection() -> None:
    """Not one of a pod that has begun to close some: it would find the second one closing, too."""

    async def leaving(visit: Visit) -> None:
        await visit.request()
        await visit.send(OK)
        if visit.pod.connections == 2:
            await visit.request()

    async with (
        pod(leaving) as web,
        proxy(simple([web.port], policy("off"))) as running,
        connect(running.port) as client,
    ):
        assert [(await ask(client, b"GET")).status for _ in range(5)] == [200] * 5


async def test_no_try_begins_when_the_time_is_up() -> None:
    asked = iter((False, True, True))

    async def late(visit: Visit) -> None:
        await visit.request()
        if next(asked):
            await asyncio.sleep(0.3)
        await visit.send(REFUSAL % 503)

    async with (
        pod(late) as a, pod(late) as b, pod(late) as c,
        proxy(simple([a.port, b.port, c.port], policy("http_503", timeout=0.29))) as running,
        connect(running.port) as client,
    ):  # fmt: skip
        assert (await ask(client, b"GET")).status == 503
    assert sum(len(each.requests) for each in (a, b, c)) == 2


@pytest.mark.parametrize("length", [b"Content-Length: 9", b"Transfer-Encoding: chunked"])
async def test_an_unwanted_answer_leaves_its_connection_usable(length: bytes) -> None:
    body = b"9\r\nwait here\r\n0\r\n\r\n" if b"chunked" in length else b"wait here"
    answer = b"HTTP/1.1 503 Nope\r\n%b\r\n\r\n%b" % (length, body)

    async def slowly(visit: Visit) -> None:
        while await visit.request():
            await visit.send(answer[:-5])
            await asyncio.sleep(0)
            await visit.send(answer[-5:])

    async with (
        pod(slowly) as one,
        pod(slowly) as other,
        proxy(simple([one.port, other.port], policy("http_503"))) as running,
        connect(running.port) as client,
    ):
        for _ in range(6):
            assert (await ask(client, b"GET")).body == b"wait here"
    assert len(one.requests) == len(other.requests) == 6
    assert (one.connections, other.connections) == (1, 1)


async def test_an_unwanted_answer_without_end_costs_its_connection() -> None:
    hung_up = asyncio.Event()

    async def endless(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 503 Nope\r\nContent-Length: 100000000\r\n\r\n")
        try:
            while True:
                await visit.send(bytes(10000))
        finally:
            hung_up.set()

    async with (
        pod(endless) as bad,
        pod(answering(OK)) as good,
        proxy(simple([bad.port, good.port], policy("http_503"))) as running,
        connect(running.port) as client,
    ):
        assert [(await ask(client, b"GET")).status for _ in range(2)] == [200] * 2
        async with asyncio.timeout(5):
            await hung_up.wait()


async def test_by_annotation_and_by_configmap(tmp_path: Path) -> None:
    """proxy-next-upstream(-tries, -timeout), retry-non-idempotent."""
    objects = (
        configmap(proxy_next_upstream="http_503", retry_non_idempotent="true"),
        ingress("plain", "plain.test"),
        ingress("off", "off.test", proxy_next_upstream="off"),
        ingress("once", "once.test", proxy_next_upstream_tries="1"),
        ingress("late", "late.test", proxy_next_upstream_timeout="-1"),
    )
    async with pod(answering(REFUSAL % 503)) as one, pod(answering(REFUSAL % 503)) as other:
        extra = ["--backend", f"web=127.0.0.1:{other.port}"]
        async with served(tmp_path, one.port, *objects, flags=extra) as running:
            for host, asked in ((b"plain", 2), (b"off", 1), (b"once", 1), (b"late", 2)):
                one.requests.clear()
                other.requests.clear()
                async with connect(running.http) as client:
                    await client.send(
                        b"POST / HTTP/1.1\r\nHost: %b.test\r\nContent-Length: 0\r\n\r\n" % host
                    )
                    assert (await client.response()).status == 503
                assert len(one.requests) + len(other.requests) == asked, host
