from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from msgspec import Struct
from yarl import URL

from ingressd.cli.kubia import parse_pods, running_pods


class Client(Struct):
    """A session and the address of the one pod it talks to."""

    session: aiohttp.ClientSession
    origin: str

    async def get(self, path: str, status: int = 200) -> str:
        async with self.session.get(self.origin + path) as answer:
            assert answer.status == status
            return await answer.text()


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with running_pods({"kubia-x7k2p": 0}) as (pod,), aiohttp.ClientSession() as session:
        yield Client(session, f"http://127.0.0.1:{pod.port}")


@pytest.mark.parametrize("path", ["/", "/foo", "/foo/headers/x"])
async def test_a_pod_says_its_name(client: Client, path: str) -> None:
    assert await client.get(path) == "You've hit kubia-x7k2p\n"


async def test_headers_come_back_as_they_arrived_behind_any_prefix(client: Client) -> None:
    url = URL(f"{client.origin}/any/headers?a=%2f", encoded=True)
    async with client.session.put(url, headers={"X-Probe": "1"}) as answer:
        lines = (await answer.text()).splitlines()
    assert lines[0] == "PUT /any/headers?a=%2f"
    assert "X-Probe: 1" in lines


@pytest.mark.parametrize("count", [0, 1, 65_535, 200_000])
async def test_bytes_come_in_the_number_asked_for(client: Client, count: int) -> None:
    assert len(await client.get(f"/bytes?count={count}")) == count


@pytest.mark.parametrize("path", ["/bytes?count=-1", "/bytes?count=x", "/slow?seconds=nan"])
async def test_a_bad_number_is_refused(client: Client, path: str) -> None:
    assert "must be a number" in await client.get(path, status=400)


async def test_slow_says_how_long_it_waited(client: Client) -> None:
    assert await client.get("/slow?seconds=0.01") == "waited 0.01 s\n"


async def test_messages_are_echoed(client: Client) -> None:
    async with client.session.ws_connect(f"{client.origin}/ws") as socket:
        await socket.send_str("hello")
        await socket.send_bytes(b"\x00\x01")
        assert await socket.receive_str() == "hello"
        assert await socket.receive_bytes() == b"\x00\x01"


async def test_ws_without_an_upgrade_says_so(client: Client) -> None:
    assert await client.get("/ws", status=426) == "WebSocket only\n"


async def test_each_pod_has_a_port_and_frees_it() -> None:
    async with running_pods({"a": 0, "b": 0}) as pods:
        assert [pod.name for pod in pods] == ["a", "b"]
        assert len({pod.port for pod in pods}) == 2
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", pods[0].port)


async def test_a_port_in_use_is_an_error() -> None:
    async with running_pods({"a": 0}) as (pod,):
        with pytest.raises(OSError, match=str(pod.port)):
            async with running_pods({"b": pod.port}):
                pytest.fail("two pods on one port")


def test_pods_are_named_on_the_command_line() -> None:
    assert parse_pods(["a=1", "b-2=65535"]) == {"a": 1, "b-2": 65535}


@pytest.mark.parametrize("words", [[], ["a"], ["a=x"], ["a=65536"], ["a=1", "a=2"], ["a=1\n"]])
def test_anything_else_is_refused_with_the_usage(words: list[str]) -> None:
    with pytest.raises(ValueError, match="usage: "):
        parse_pods(words)
