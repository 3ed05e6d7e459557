"""How HTTP is spoken to pods: proxy-http-version and connection-proxy-header."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.annotated import configmap, ingress, served
from support.clients import connect, fetch
from support.pods import Received, Visit, pod
from support.proxies import proxy, simple
from support.websockets import UPGRADE, agree_and_shout

from ingressd.routing.policy import Buffering, PodHttp, Policy


async def greedy(visit: Visit) -> None:
    """Keeps every connection open, whatever it is told."""
    while received := await visit.request():
        size = len(received.body)
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + received.body)


def spoken(request: Received) -> tuple[bytes, list[bytes]]:
    """The version of a request, and what it says of its connection."""
    return request.line.rpartition(b" ")[2], request.values(b"connection")


@pytest.mark.parametrize(
    ("http", "said", "connections"),
    [
        (PodHttp(), (b"HTTP/1.1", []), 1),
        (PodHttp(connection="close"), (b"HTTP/1.1", [b"close"]), 3),
        (PodHttp(connection="keep-alive"), (b"HTTP/1.1", [b"keep-alive"]), 1),
        (PodHttp("1.0"), (b"HTTP/1.0", [b"close"]), 3),
        (PodHttp("1.0", "keep-alive"), (b"HTTP/1.0", [b"keep-alive"]), 1),
    ],
)
async def test_what_a_pod_is_told_holds(
    http: PodHttp, said: tuple[bytes, list[bytes]], connections: int
) -> None:
    async with (
        pod(greedy) as web,
        proxy(simple([web.port], Policy(pod_http=http))) as running,
        connect(running.port) as client,
    ):
        for _ in range(3):
            assert (await client.get()).status == 200
    assert [spoken(request) for request in web.requests] == [said] * 3
    assert web.connections == connections


async def test_a_body_of_unknown_length_is_counted_for_http_1_0() -> None:
    """As nginx does, even where bodies are passed on as they come otherwise."""
    head = b"POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    policy = Policy(pod_http=PodHttp("1.0"), buffering=Buffering(requests=False))
    async with (
        pod(greedy) as web,
        proxy(simple([web.port], policy)) as running,
        connect(running.port) as client,
    ):
        await client.send(head + b"3\r\nabc\r\n")
        await client.send(b"3\r\ndef\r\n0\r\n\r\n")
        assert (await client.response()).body == b"abcdef"
    (request,) = web.requests
    assert request.value(b"content-length") == b"6"
    assert request.value(b"transfer-encoding") is None


async def test_an_upgrade_is_asked_for_as_ever() -> None:
    """ingress-nginx would lose it."""

    policy = Policy(pod_http=PodHttp("1.0", "close"))
    async with (
        pod(agree_and_shout) as web,
        proxy(simple([web.port], policy)) as running,
        connect(running.port) as client,
    ):
        assert (await client.get(extra=UPGRADE)).status == 101
    assert spoken(web.requests[0]) == (b"HTTP/1.1", [b"Upgrade"])


async def test_by_annotation_and_by_configmap(tmp_path: Path) -> None:
    objects = (
        configmap(proxy_http_version="1.0"),
        ingress("old", "old.test"),
        ingress("new", "new.test", proxy_http_version="1.1"),
        ingress("once", "once.test", proxy_http_version="1.1", connection_proxy_header="close"),
    )
    async with pod(greedy) as web, served(tmp_path, web.port, *objects) as running:
        for host in (b"old.test", b"new.test", b"once.test"):
            assert (await fetch(running.http, host=host)).status == 200
    assert [spoken(request) for request in web.requests] == [
        (b"HTTP/1.0", [b"close"]),
        (b"HTTP/1.1", []),
        (b"HTTP/1.1", [b"close"]),
    ]
