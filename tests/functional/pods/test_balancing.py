"""Which pod takes a request."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from support.clients import Response, connect, fetch
from support.pods import Pod, free_port, named, pod
from support.proxies import proxy, simple

from ingressd.routing.policy import AffinityMode, CookieAffinity, Policy


@asynccontextmanager
async def pods(count: int) -> AsyncIterator[list[Pod]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(pod(named(b"pod-%d" % number)))
            for number in range(count)
        ]


async def bodies(port: int, count: int, cookie: bytes = b"") -> list[bytes]:
    async with connect(port) as client:
        return [(await client.get(extra=cookie)).body for _ in range(count)]


def affine(mode: AffinityMode, **fields: object) -> Policy:
    return Policy(affinity=CookieAffinity(mode=mode, **fields))  # type: ignore[arg-type]


def cookie_of(response: Response) -> bytes:
    line = response.value(b"set-cookie")
    assert line is not None
    return b"Cookie: a=b; %b\r\n" % line.partition(b";")[0]


async def test_round_robin_gives_each_pod_the_same_share() -> None:
    async with pods(3) as three, proxy(simple([pod.port for pod in three])) as running:
        shares = Counter(await bodies(running.port, 30))
    assert set(shares.values()) == {10} and len(shares) == 3


async def test_a_pod_that_failed_is_left_alone_for_a_while() -> None:
    async with pods(1) as one, proxy(simple([one[0].port, free_port()])) as running:
        assert set(await bodies(running.port, 20)) == {b"pod-0"}
        failures = running.proxy.snapshot().upstream_connect_failures
    assert failures == {"default/web:80": 1}


async def test_client_ip_affinity_keeps_a_client_on_its_pod_when_pods_come() -> None:
    async with (
        pods(6) as six,
        proxy(simple([six[0].port, six[1].port], client_ip_timeout=100)) as running,
    ):
        first = set(await bodies(running.port, 5))
        assert len(first) == 1
        running.apply(simple([pod.port for pod in six], client_ip_timeout=100))
        assert set(await bodies(running.port, 20)) == first


async def test_client_ip_affinity_moves_on_when_the_pod_goes() -> None:
    async with (
        pods(2) as two,
        proxy(simple([pod.port for pod in two], client_ip_timeout=100)) as running,
    ):
        (first,) = set(await bodies(running.port, 5))
        remaining = next(pod for pod in two if first != b"pod-%d" % two.index(pod))
        running.apply(simple([remaining.port], client_ip_timeout=100))
        (second,) = set(await bodies(running.port, 5))
    assert first != second


@pytest.mark.parametrize("mode", list(AffinityMode))
async def test_a_cookie_keeps_a_client_on_its_pod(mode: AffinityMode) -> None:
    async with pods(4) as four, proxy(simple([p.port for p in four], affine(mode))) as running:
        first = await fetch(running.port)
        cookie = cookie_of(first)
        assert set(await bodies(running.port, 20, cookie)) == {first.body}
        async with connect(running.port) as client:
            assert (await client.get(extra=cookie)).value(b"set-cookie") is None


@pytest.mark.parametrize("mode", list(AffinityMode))
async def test_clients_without_a_cookie_are_spread(mode: AffinityMode) -> None:
    async with pods(3) as three, proxy(simple([p.port for p in three], affine(mode))) as running:
        assert len(set(await bodies(running.port, 60))) == 3


@pytest.mark.parametrize("mode", list(AffinityMode))
async def test_two_workers_agree_on_a_cookie(mode: AffinityMode) -> None:
    async with pods(5) as five:
        delta = simple([p.port for p in five], affine(mode))
        async with proxy(delta) as one, proxy(delta) as other:
            first = await fetch(one.port)
            assert set(await bodies(other.port, 5, cookie_of(first))) == {first.body}


@pytest.mark.parametrize("mode", list(AffinityMode))
@pytest.mark.parametrize("value", [b"", b"nonsense", b"127.0.0.1:80", b"\xff\xfe", b"a" * 4000])
async def test_a_cookie_we_never_set_is_replaced(mode: AffinityMode, value: bytes) -> None:
    cookie = b"Cookie: INGRESSCOOKIE=%b\r\n" % value
    async with (
        pods(2) as two,
        proxy(simple([p.port for p in two], affine(mode))) as running,
        connect(running.port) as client,
    ):
        response = await client.get(extra=cookie)
    assert response.status == 200
    assert response.value(b"set-cookie") is not None


async def test_a_persistent_cookie_of_a_pod_that_is_gone_is_replaced() -> None:
    policy = affine(AffinityMode.PERSISTENT)
    async with pods(2) as two, proxy(simple([two[0].port], policy)) as running:
        cookie = cookie_of(await fetch(running.port))
        running.apply(simple([two[1].port], policy))
        async with connect(running.port) as client:
            response = await client.get(extra=cookie)
    assert response.body == b"pod-1"
    assert cookie_of(response) != cookie


@pytest.mark.parametrize("mode", list(AffinityMode))
async def test_change_on_failure_moves_the_client_and_its_cookie(mode: AffinityMode) -> None:
    policy = affine(mode, change_on_failure=True)
    async with pods(1) as one:
        dead = free_port()
        async with proxy(simple([dead, one[0].port], policy)) as running:
            responses = [await fetch(running.port) for _ in range(10)]
            cookies = {cookie_of(response) for response in responses}
            assert {response.body for response in responses} == {b"pod-0"}
            for cookie in cookies:
                assert await bodies(running.port, 1, cookie) == [b"pod-0"]


async def test_the_cookie_says_what_the_policy_says_and_no_address() -> None:
    policy = affine(
        AffinityMode.PERSISTENT,
        name="route", path="/p", domain="a.test", max_age=60, expires=60, same_site="Lax",
        secure=True,
    )  # fmt: skip
    async with pods(1) as one, proxy(simple([one[0].port], policy)) as running:
        line = (await fetch(running.port)).value(b"set-cookie")
    assert line is not None
    name, *attributes = line.split(b"; ")
    assert name.startswith(b"route=") and b"127.0.0.1" not in name
    assert re.fullmatch(rb"Expires=\w{3}, \d\d-\w{3}-\d\d \d\d:\d\d:\d\d GMT", attributes[0]), (
        "as nginx writes it"
    )
    assert attributes[1:] == [
        b"Max-Age=60", b"Domain=a.test", b"Path=/p", b"Secure", b"HttpOnly", b"SameSite=Lax"
    ]  # fmt: skip


async def test_the_path_of_the_cookie_is_that_of_the_rule_and_secure_follows_the_scheme() -> None:
    async with (
        pods(1) as one,
        proxy(simple([one[0].port], affine(AffinityMode.BALANCED))) as running,
    ):
        line = (await fetch(running.port)).value(b"set-cookie")
    assert line is not None and line.endswith(b"; Path=/; HttpOnly")
