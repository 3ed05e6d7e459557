"""Many clients that are slow on purpose beside some that are honest."""

from __future__ import annotations

import asyncio
import time
from statistics import median

from support.clients import connect, connected
from support.load import traffic
from support.pods import pod, signing
from support.proxies import limited, proxy, simple

SLOW = 400
HEAD_TIMEOUT = 2.0
CALM_SECONDS = 0.1
"""Far more than an honest answer takes, and far less than if it had to wait for a slow client."""


async def test_honest_clients_do_not_feel_slow_ones_which_are_cut_in_time() -> None:
    async with (
        pod(signing(b"web")) as web,
        proxy(limited(simple([web.port]), head_timeout=HEAD_TIMEOUT)) as running,
        connected(running.port, SLOW) as slow,
        traffic(running.port, "a.test") as seen,
        connect(running.port) as honest,
    ):
        for client in slow:
            await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\nX: ")
        times = []
        for _ in range(100):
            before = time.monotonic()
            assert (await honest.get()).status == 200
            times.append(time.monotonic() - before)
        refused = await asyncio.gather(*(client.response() for client in slow))
        assert {response.status for response in refused} == {408}
        await seen.more(50)
    assert median(times) < CALM_SECONDS
    assert seen.failures == []
