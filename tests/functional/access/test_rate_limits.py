"""How much one client may ask for: the same as of a real nginx, and of all workers together."""

from __future__ import annotations

import asyncio
import math
import socket
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from support.annotated import Manifest, configmap, ingress, write
from support.clients import Client, Response, connect
from support.nginx import connect_to, needs_nginx, nginx
from support.pods import OK, Script, Visit, answering, free_port, pod
from support.program import Launch, running
from support.proxies import proxy, simple
from support.waiting import until
from support.websockets import SWITCH, UPGRADE

from ingressd.routing.policy import Policy, RateLimits

Door = Callable[[], AbstractAsyncContextManager[Client]]
"""Opens a connection to the program that is asked."""

RATE, CONNECTIONS = 429, 430


def limited(**fields: int) -> RateLimits:
    return RateLimits(**fields, rate_status=RATE, connection_status=CONNECTIONS)


def zones(limits: RateLimits) -> str:
    """What ingress-nginx writes into its http block."""
    return f"""
    limit_conn_zone $binary_remote_addr zone=conn:5m;
    limit_req_zone $binary_remote_addr zone=rps:5m rate={limits.per_second or 1}r/s;
    limit_req_zone $binary_remote_addr zone=rpm:5m rate={limits.per_minute or 1}r/m;
    limit_req_status {limits.rate_status};
    limit_conn_status {limits.connection_status};
    """


def location(limits: RateLimits, port: int) -> str:
    """What ingress-nginx writes into each location."""
    lines = [f"proxy_pass http://127.0.0.1:{port};"]
    if limits.connections:
        lines.append(f"limit_conn conn {limits.connections};")
    for zone, number in (("rps", limits.per_second), ("rpm", limits.per_minute)):
        if number:
            burst = number * limits.burst_multiplier
            lines.append(f"limit_req zone={zone} burst={burst} nodelay;")
    return f"location / {{ {' '.join(lines)} }}"


@asynccontextmanager
async def nginx_before(port: int, limits: RateLimits, folder: Path) -> AsyncIterator[Door]:
    async with nginx(folder, http=zones(limits), server=location(limits, port)) as door:
        yield partial(connect_to, door)


@asynccontextmanager
async def ingressd_before(port: int, limits: RateLimits, folder: Path) -> AsyncIterator[Door]:
    async with proxy(simple([port], Policy(rate_limits=limits))) as serving:
        yield partial(connect, serving.port)


FRONTS = [
    pytest.param(ingressd_before, id="ingressd"),
    pytest.param(nginx_before, id="nginx", marks=needs_nginx),
]
Front = Callable[[int, RateLimits, Path], AbstractAsyncContextManager[Door]]


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize(
    ("limits", "passing"),
    [
        (limited(per_minute=1, burst_multiplier=1), 2),
        (limited(per_minute=2), 11),
        (limited(per_minute=1, per_second=50), 6),
        (limited(per_minute=3, connections=1), 16),
    ],
)
async def test_a_burst_and_one_more_pass(
    front: Front, limits: RateLimits, passing: int, tmp_path: Path
) -> None:
    async with pod(answering(OK)) as web, front(web.port, limits, tmp_path) as door:
        async with door() as client:
            statuses = [(await client.get()).status for _ in range(passing + 3)]
        async with door() as another:
            statuses.append((await another.get()).status)
    assert statuses == [200] * passing + [RATE] * 4
    assert len(web.requests) == passing


class Holding:
    """Pods that answer when they are told to."""

    def __init__(self) -> None:
        self.go = asyncio.Event()

    async def script(self, visit: Visit) -> None:
        while await visit.request():
            await self.go.wait()
            await visit.send(OK)


@pytest.mark.parametrize("front", FRONTS)
async def test_so_many_are_under_way_and_no_more(front: Front, tmp_path: Path) -> None:
    limits, holding = limited(connections=2), Holding()
    async with (
        pod(holding.script) as web,
        front(web.port, limits, tmp_path) as door,
        AsyncExitStack() as stack,
    ):
        first, second, third = [await stack.enter_async_context(door()) for _ in range(3)]
        for client in (first, second):
            await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        await until(lambda: len(web.requests) == 2)
        assert [(await third.get()).status for _ in range(2)] == [CONNECTIONS] * 2
        holding.go.set()
        assert [(await client.response()).status for client in (first, second)] == [200] * 2
        assert (await third.get()).status == 200


@pytest.mark.parametrize("front", FRONTS)
async def test_rates_come_before_connections_and_count_what_those_refuse(
    front: Front, tmp_path: Path
) -> None:
    limits, holding = limited(connections=1, per_minute=1, burst_multiplier=2), Holding()
    async with (
        pod(holding.script) as web,
        front(web.port, limits, tmp_path) as door,
        door() as first,
        door() as second,
    ):
        await first.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        await until(lambda: len(web.requests) == 1)
        statuses = [(await second.get()).status for _ in range(4)]
    assert statuses == [CONNECTIONS] * 2 + [RATE] * 2


async def until_it_passes(door: Door) -> None:
    """Ask until it is not refused: the end of another request is told by no event."""
    async with door() as client:
        while (await client.get()).status == CONNECTIONS:
            continue


def reset(client: Client) -> None:
    """Leave with RST: who only closes may still wait for the answer."""
    connection = client.writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.writer.transport.abort()


@pytest.mark.parametrize("is_warm", [True, False], ids=["kept connection", "new connection"])
async def test_a_request_of_a_client_that_left_is_over(is_warm: bool, tmp_path: Path) -> None:
    holding = Holding()
    async with (
        pod(holding.script) as web,
        ingressd_before(web.port, limited(connections=1), tmp_path) as door,
    ):
        if is_warm:
            holding.go.set()
            await until_it_passes(door)
            holding.go.clear()
        before = len(web.requests)
        async with door() as client:
            await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
            await until(lambda: len(web.requests) == before + 1)
            reset(client)
        following = asyncio.create_task(until_it_passes(door))
        await until(lambda: len(web.requests) == before + 2)
        holding.go.set()
        await following


async def test_requests_that_fail_are_over(tmp_path: Path) -> None:
    async with (
        ingressd_before(free_port(), limited(connections=1), tmp_path) as door,
        door() as client,
    ):
        assert [(await client.get()).status for _ in range(3)] == [502] * 3


async def tunnel(visit: Visit) -> None:
    request = await visit.request()
    assert request is not None
    if request.value(b"upgrade"):
        await visit.send(SWITCH)
        await visit.reader.read()
    else:
        await visit.send(OK)


async def test_a_tunnel_is_under_way_until_its_end(tmp_path: Path) -> None:
    async with (
        pod(tunnel) as web,
        ingressd_before(web.port, limited(connections=1), tmp_path) as door,
    ):
        async with door() as tunnelled:
            assert (await tunnelled.get(extra=UPGRADE)).status == 101
            async with door() as other:
                assert (await other.get()).status == CONNECTIONS
        await until_it_passes(door)


@asynccontextmanager
async def workers(folder: Path, script: Script, *objects: Manifest) -> AsyncIterator[int]:
    """The HTTP port of a program with two workers."""
    manifests = folder / "manifests"
    manifests.mkdir()
    write(manifests, *objects)
    async with pod(script) as web:
        flags = ("--backend", f"web=127.0.0.1:{web.port}", "--configmap", "default/settings")
        launch = Launch(manifests, folder, ("--no-access-log", *flags), workers=2)
        async with running(launch) as program:
            yield program.http


async def ask(port: int, host: bytes, path: bytes = b"/", address: str = "127.0.0.1") -> Response:
    """One request on a connection of its own, which any worker may get."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    try:
        return await Client(reader, writer).get(path, host)
    finally:
        writer.close()


async def test_workers_limit_together_what_annotations_say(tmp_path: Path) -> None:
    """limit-rps, limit-rpm, limit-burst-multiplier, limit-allowlist, limit-req-status-code."""
    limits = {"limit_rpm": "6", "limit_burst_multiplier": "2", "limit_whitelist": "127.0.0.9"}
    objects = (
        ingress("one", "one.test", ["/", "/other"], **limits),
        ingress("two", "two.test", **limits, limit_rps="1"),
        configmap(limit_req_status_code="429"),
    )
    async with workers(tmp_path, answering(OK), *objects) as port:
        asked = [ask(port, b"one.test", path) for path in (b"/", b"/other") * 15]
        answers = await asyncio.gather(*asked)
        assert Counter(answer.status for answer in answers) == {200: 13, 429: 17}
        assert not any(answer.value(b"retry-after") for answer in answers)
        assert (await ask(port, b"one.test", address="127.0.0.2")).status == 200
        started = time.monotonic()
        statuses = Counter([(await ask(port, b"two.test")).status for _ in range(9)])
        assert 3 <= statuses[200] <= 3 + math.ceil(time.monotonic() - started)
        assert statuses.keys() == {200, 429}
        exempt = [await ask(port, b"one.test", address="127.0.0.9") for _ in range(30)]
        assert {answer.status for answer in exempt} == {200}


async def test_workers_count_together_what_is_under_way(tmp_path: Path) -> None:
    """limit-connections and limit-conn-status-code."""
    holding = Holding()
    objects = (
        ingress("one", "one.test", limit_connections="3"),
        configmap(limit_conn_status_code="430"),
    )
    async with workers(tmp_path, holding.script, *objects) as port:
        asked = [asyncio.create_task(ask(port, b"one.test")) for _ in range(12)]
        await until(lambda: sum(each.done() for each in asked) == 9)
        holding.go.set()
        statuses = [(await each).status for each in asked]
        assert Counter(statuses) == {200: 3, 430: 9}
