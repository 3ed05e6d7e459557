"""Many requests at pods of which one is dead, or which close what idles: none fails, none is done
twice.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress

import pytest
from support.clients import Client, connected
from support.load import Traffic, traffic
from support.pods import Visit, black_hole, free_port, pod, signed, signing
from support.proxies import proxy, simple

from ingressd.routing.policy import Policy, Timeouts

REQUESTS = 1000
FEW = REQUESTS // 10
"""Attempts at the dead pod, which is every third: it is left alone for seconds after each."""

DEAD: dict[str, Callable[[], AbstractContextManager[int]]] = {
    "refuses": lambda: nullcontext(free_port()),
    "is silent": black_hole,
}
HASTY = Policy(timeouts=Timeouts(connect=0.2))


@pytest.mark.parametrize("dead", DEAD.values(), ids=DEAD)
async def test_one_dead_pod_of_three_fails_no_request(
    dead: Callable[[], AbstractContextManager[int]],
) -> None:
    with dead() as port:
        async with (
            pod(signing(b"one")) as one,
            pod(signing(b"other")) as other,
            proxy(simple([one.port, port, other.port], HASTY)) as running,
        ):
            async with traffic(running.port, "a.test") as seen:
                await seen.more(REQUESTS)
            failures = running.proxy.snapshot().upstream_connect_failures["default/web:80"]
    assert seen.failures == []
    assert seen.answers.keys() == {"one", "other"}
    assert 0 < failures < FEW


THINKING = 0.05
METHODS = ("GET", "POST")
ROUNDS, CLIENTS = 50, 60


def about(seconds: float) -> float:
    """A tenth more or less."""
    return seconds * random.uniform(0.9, 1.1)


class Restless:
    """A pod that closes connections which idle for as long as clients think.

    ``done`` counts how often it carried out each request.
    """

    def __init__(self) -> None:
        self.done: Counter[bytes] = Counter()

    async def script(self, visit: Visit) -> None:
        received = await visit.request()
        with suppress(TimeoutError):
            while received:
                self.done[received.value(b"x-nonce") or b""] += 1
                await visit.send(signed(b"restless", received))
                async with asyncio.timeout(about(THINKING)):
                    received = await visit.request()


async def ask(client: Client, method: str, nonce: bytes, seen: Traffic) -> None:
    body = b"Content-Length: 5\r\n\r\nhello" if method == "POST" else b"\r\n"
    head = b"%b / HTTP/1.1\r\nHost: a.test\r\nX-Nonce: %b\r\n" % (method.encode(), nonce)
    await client.send(head + body)
    seen.record(method, await client.response(), nonce)


async def test_connections_that_close_as_they_are_used_again_lose_nothing() -> None:
    restless, seen = Restless(), Traffic()
    async with (
        pod(restless.script) as web,
        proxy(simple([web.port])) as running,
        connected(running.port, CLIENTS) as clients,
    ):
        for turn in range(ROUNDS):
            async with asyncio.TaskGroup() as asking:
                for number, client in enumerate(clients):
                    nonce = b"%d-%d" % (turn, number)
                    asking.create_task(ask(client, METHODS[turn % 2], nonce, seen))
            await asyncio.sleep(about(THINKING))  # the pace of the clients
        retries = running.proxy.snapshot().upstream_retries
    lost = Counter(failure.partition(":")[0] for failure in seen.failures)
    assert lost["GET"] == 0, seen.failures
    assert lost["POST"] <= ROUNDS * CLIENTS // 2000, seen.failures
    assert retries, "no connection closed just then"
    assert max(restless.done.values()) == 1
