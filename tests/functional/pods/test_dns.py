"""Names that become addresses: asked of a real name server on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from support.clients import fetch
from support.dns import NameServer, serving_names
from support.load import traffic
from support.pods import answering, pod, signing
from support.proxies import SETTINGS, proxy, route, simple, upstream

from ingressd.proxy.upstream.resolver import CAres, ResolveError, Resolver
from ingressd.routing.delta import Delta
from ingressd.routing.model import Backend, Endpoint, Host, Upstream


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    async with serving_names() as server:
        yield server


@pytest.fixture
async def resolver(server: NameServer) -> AsyncIterator[Resolver]:
    resolver = Resolver(service=CAres([server.address]))
    yield resolver
    await resolver.close()


async def test_both_families_are_found(server: NameServer, resolver: Resolver) -> None:
    server.records["db.example"] = ("192.0.2.1", "192.0.2.2", "2001:db8::1")
    assert set(await resolver.resolve("db.example")) == {"192.0.2.1", "192.0.2.2", "2001:db8::1"}


async def test_aliases_are_followed(server: NameServer, resolver: Resolver) -> None:
    server.records["www.example"] = ("edge.example",)
    server.records["edge.example"] = ("192.0.2.3",)
    assert await resolver.resolve("www.example") == ("192.0.2.3",)


async def test_the_ttl_comes_from_the_answer(server: NameServer) -> None:
    server.ttl = 17
    server.records["db.example"] = ("192.0.2.1",)
    service = CAres([server.address])
    assert (await service.lookup("db.example")).ttl == 17
    await service.close()


async def test_a_name_that_does_not_exist(server: NameServer, resolver: Resolver) -> None:
    with pytest.raises(ResolveError, match=r"nowhere\.example"):
        await resolver.resolve("nowhere.example")
    assert server.asked["nowhere.example"] == 1


async def test_a_name_without_addresses(server: NameServer, resolver: Resolver) -> None:
    server.records["empty.example"] = ()
    with pytest.raises(ResolveError, match=r"empty\.example"):
        await resolver.resolve("empty.example")


async def test_the_hosts_file_comes_first(server: NameServer) -> None:
    service = CAres([server.address])
    assert "127.0.0.1" in (await service.lookup("localhost")).addresses
    assert not server.asked["localhost"]
    await service.close()


async def test_a_silent_name_server_costs_the_timeout_only(
    server: NameServer, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingressd.proxy.upstream.resolver.LOOKUP_TIMEOUT", 0.05)
    server.is_silent = True
    with pytest.raises(ResolveError, match="in time"):
        await resolver.resolve("db.example")


@pytest.mark.parametrize("name", ["", "a..b", "x" * 70 + ".example", "bücher.example", "a b", "\0"])
async def test_what_is_no_name_is_an_error_like_any_other(
    server: NameServer, resolver: Resolver, name: str
) -> None:
    with pytest.raises(ResolveError):
        await resolver.resolve(name)


FAR = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nfar"


def leading_to(name: str, port: int) -> tuple[Host, Upstream]:
    """A host of its own for a name, as an ExternalName Service makes it."""
    backend = Backend("default", name, "80")
    leading = upstream([], backend, endpoints=(Endpoint(name, port),), external=True)
    return Host(name, (route(host=name, backend=backend),)), leading


async def test_a_silent_name_server_holds_up_only_who_needs_it(
    server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And who got an answer from it before makes do with that."""
    monkeypatch.setattr("ingressd.proxy.upstream.resolver.CAres", lambda: CAres([server.address]))
    monkeypatch.setattr("ingressd.proxy.upstream.resolver.LOOKUP_TIMEOUT", 0.5)
    monkeypatch.setattr("ingressd.proxy.upstream.resolver.SHORTEST_TTL", 0.0)
    server.ttl, server.records["known.example"] = 0, ("127.0.0.1",)
    local = msgspec.structs.replace(SETTINGS, local_names=True)
    async with (
        pod(signing(b"near")) as near,
        pod(answering(FAR)) as far,
        proxy(simple([near.port]), local) as running,
    ):
        leading = [leading_to(name, far.port) for name in ("known.example", "unknown.example")]
        hosts, upstreams = zip(*leading, strict=True)
        running.apply(Delta(0, hosts=hosts, upstreams=upstreams))
        assert (await fetch(running.port, host=b"known.example")).body == b"far"
        server.is_silent = True
        async with traffic(running.port, "a.test") as seen:
            asked = [fetch(running.port, host=host.name.encode()) for host in hosts * 20]
            statuses = [answer.status for answer in await asyncio.gather(*asked)]
            meanwhile = seen.answers.total()
    assert statuses == [200, 502] * 20
    assert meanwhile > 50 and seen.failures == []
    assert server.asked["unknown.example"] <= 2, "together they share a lookup, of two tries"
