"""The resolver against a real name server on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from support.dns import NameServer, serving_names

from ingressd.proxy.upstream.resolver import CAres, ResolveError, Resolver


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
