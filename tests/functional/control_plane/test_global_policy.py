"""Settings of the whole data plane that change while it serves."""

from __future__ import annotations

import msgspec
from support.clients import connect, fetch
from support.pods import OK, answering, pod
from support.proxies import limited, proxy, simple

from ingressd.routing.delta import Delta
from ingressd.routing.global_policy import GlobalPolicy, Limits, UpstreamKeepAlive


def changed(policy: GlobalPolicy) -> Delta:
    return Delta(0, global_policy=policy)


async def test_a_connection_keeps_the_limits_with_which_it_began() -> None:
    async with (
        pod() as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as earlier,
    ):
        assert (await earlier.get()).status == 200
        running.apply(changed(GlobalPolicy(Limits(keep_alive_requests=1, request_line=100))))
        path = b"/" + b"a" * 200
        assert (await fetch(running.port, path)).status == 414
        assert (await fetch(running.port)).value(b"connection") == b"close"
        answer = await earlier.get(path)
        assert (answer.status, answer.value(b"connection")) == (200, None)


async def test_a_change_of_something_else_leaves_the_policy_and_a_new_table_replaces_it() -> None:
    async with pod() as web, proxy(limited(simple([web.port]), keep_alive=0)) as running:
        running.set_endpoints([web.port])
        assert (await fetch(running.port)).value(b"connection") == b"close"
        running.apply(simple([web.port]))
        assert (await fetch(running.port)).value(b"connection") is None


async def test_more_connections_are_taken_as_soon_as_they_may_be() -> None:
    async with (
        pod() as web,
        proxy(limited(simple([web.port]), connections=1)) as running,
        connect(running.port) as first,
        connect(running.port) as second,
    ):
        assert (await first.get()).status == 200
        await second.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        running.apply(changed(GlobalPolicy(Limits(connections=2))))
        assert (await second.response()).status == 200
        assert (await first.get()).status == 200


async def test_a_connection_to_a_pod_carries_as_many_requests_as_it_may() -> None:
    policy = GlobalPolicy(upstream_keep_alive=UpstreamKeepAlive(requests=2))
    delta = msgspec.structs.replace(simple([0]), global_policy=policy)
    async with pod(answering(OK)) as web, proxy(delta) as running, connect(running.port) as client:
        running.set_endpoints([web.port])
        for _ in range(5):
            assert (await client.get()).status == 200
        assert web.connections == 3
