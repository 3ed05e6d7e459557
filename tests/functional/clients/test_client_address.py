"""X-Forwarded-* fields of proxies in front, and what becomes of everybody else's."""

from __future__ import annotations

import msgspec
import pytest
from support.clients import Client, connect
from support.pods import Pod, Received, pod
from support.proxies import proxy, simple

from ingressd.routing.delta import Delta
from ingressd.routing.global_policy import ClientAddress, GlobalPolicy
from ingressd.routing.policy import DEFAULT_POLICY, Policy, TlsRedirect

SENT = (
    b"X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\nX-Forwarded-Proto: https\r\n"
    b"X-Forwarded-Port: 8443\r\nX-Forwarded-Host: shop.test\r\nX-Real-IP: 6.6.6.6\r\n"
    b"X-Original-Forwarded-For: 6.6.6.6\r\nX-Scheme: gopher\r\nForwarded: for=6.6.6.6\r\n"
)
BELIEVED = {
    b"X-Real-IP": b"192.0.2.1",
    b"X-Forwarded-For": b"192.0.2.1",
    b"X-Forwarded-Host": b"shop.test",
    b"X-Forwarded-Port": b"8443",
    b"X-Forwarded-Proto": b"https",
    b"X-Forwarded-Scheme": b"https",
    b"X-Scheme": b"https",
}
OWN = {
    b"X-Real-IP": b"127.0.0.1",
    b"X-Forwarded-For": b"127.0.0.1",
    b"X-Forwarded-Host": b"a.test",
    b"X-Forwarded-Port": b"80",
    b"X-Forwarded-Proto": b"http",
    b"X-Forwarded-Scheme": b"http",
    b"X-Scheme": b"http",
}
ORIGINAL = {
    b"X-Original-Forwarded-For": b"6.6.6.6, 192.0.2.1",
    b"X-Original-Forwarded-Host": b"shop.test",
}


def table(web: Pod, policy: Policy = DEFAULT_POLICY, **address: object) -> Delta:
    """Host a.test; every proxy on loopback is believed, unless ``address`` says otherwise."""
    trusting = {"forwarded_headers": True, "trusted": ("127.0.0.0/8",), **address}
    return msgspec.structs.replace(
        simple([web.port], policy),
        global_policy=GlobalPolicy(client_address=ClientAddress(**trusting)),  # type: ignore[arg-type]
    )


def told(request: Received) -> dict[bytes, bytes]:
    """Everything a pod is told about the client; no field may come twice."""
    names = {*BELIEVED, *ORIGINAL, b"Forwarded"}
    found = {name: request.values(name) for name in names}
    assert all(len(values) <= 1 for values in found.values())
    return {name: values[0] for name, values in found.items() if values}


async def seen(extra: bytes, **address: object) -> dict[bytes, bytes]:
    """What a pod is told of a request with these fields."""
    async with (
        pod() as web,
        proxy(table(web, **address)) as running,  # type: ignore[arg-type]
        connect(running.port) as client,
    ):
        await client.get(extra=extra)
    received = told(web.requests[0])
    assert web.requests[0].values(b"Host") == [received[b"X-Forwarded-Host"]]
    return received


async def test_a_believed_proxy_tells_of_its_client() -> None:
    assert await seen(SENT) == BELIEVED | ORIGINAL


async def test_a_proxy_may_be_believed_to_know_the_address_alone() -> None:
    """enable-real-ip of ingress-nginx."""
    address = {b"X-Real-IP": b"192.0.2.1", b"X-Forwarded-For": b"192.0.2.1"}
    told_now = await seen(SENT, forwarded_headers=False, real_ip=True)
    assert told_now == OWN | address | ORIGINAL
    stranger = await seen(SENT, forwarded_headers=False, real_ip=True, trusted=("10.0.0.0/8",))
    assert stranger == OWN | ORIGINAL


@pytest.mark.parametrize(
    "address",
    [
        {"trusted": ()},
        {"trusted": ("10.0.0.0/8", "::1")},
        {"forwarded_headers": False},
    ],
    ids=["nobody is", "others are", "no fields are"],
)
async def test_who_is_not_believed_is_shown_as_itself(address: dict[str, object]) -> None:
    assert await seen(SENT, **address) == OWN | ORIGINAL


async def test_by_default_nobody_is_believed() -> None:
    async with (
        pod() as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        await client.get(extra=SENT)
    assert told(web.requests[0]) == OWN | ORIGINAL


async def test_a_believed_proxy_that_says_nothing() -> None:
    assert await seen(b"") == OWN


async def test_the_whole_way_is_told_if_asked_for() -> None:
    told_now = await seen(SENT, append=True)
    assert told_now[b"X-Forwarded-For"] == b"6.6.6.6, 192.0.2.1, 127.0.0.1"
    assert told_now[b"X-Real-IP"] == b"192.0.2.1"
    told_stranger = await seen(SENT, append=True, trusted=("10.0.0.0/8",))
    assert told_stranger[b"X-Forwarded-For"] == b"127.0.0.1"


async def test_each_request_of_a_connection_has_its_own_client() -> None:
    async def ask(client: Client, address: bytes) -> None:
        await client.get(extra=b"X-Forwarded-For: %b\r\n" % address if address else b"")

    async with pod() as web, proxy(table(web)) as running, connect(running.port) as client:
        for address in (b"192.0.2.1", b"", b"192.0.2.2"):
            await ask(client, address)
    addresses = [request.value(b"X-Real-IP") for request in web.requests]
    assert addresses == [b"192.0.2.1", b"127.0.0.1", b"192.0.2.2"]


async def test_connection_cannot_take_back_what_a_proxy_said() -> None:
    extra = b"Connection: X-Forwarded-For, CF-Connecting-IP\r\n"
    assert (await seen(SENT + extra))[b"X-Real-IP"] == b"192.0.2.1"
    cloud = await seen(extra + b"CF-Connecting-IP: 192.0.2.3\r\n", header="CF-Connecting-IP")
    assert cloud[b"X-Real-IP"] == b"192.0.2.3"


async def test_a_client_that_came_by_https_is_not_sent_there_again() -> None:
    always = Policy(tls_redirect=TlsRedirect.ALWAYS)
    async with pod() as web, proxy(table(web, always)) as running:
        async with connect(running.port) as client:
            for scheme in (b"https", b"wss"):
                extra = b"X-Forwarded-Proto: %b\r\n" % scheme
                assert (await client.get(extra=extra)).status == 200
                assert web.requests[-1].value(b"X-Forwarded-Scheme") == scheme
            answer = await client.get(b"/x", extra=b"X-Forwarded-Host: shop.test\r\n")
        assert answer.status == 308
        assert answer.value(b"Location") == b"https://shop.test/x"
        running.apply(Delta(0, global_policy=GlobalPolicy()))
        async with connect(running.port) as client:
            assert (await client.get(extra=b"X-Forwarded-Proto: https\r\n")).status == 308


async def test_requests_are_routed_by_host_whatever_a_proxy_says() -> None:
    async with pod() as web, proxy(table(web)) as running, connect(running.port) as client:
        there = await client.get(extra=b"X-Forwarded-Host: b.test\r\n")
        nowhere = await client.get(host=b"b.test", extra=b"X-Forwarded-Host: a.test\r\n")
    assert (there.status, nowhere.status) == (200, 404)
