"""Constant traffic during a change: every answer has to be the app's own."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from support.clients import Client, Response, connect
from support.waiting import until

PAUSE = 0.005
"""Seconds between two requests of one client."""

Send = Callable[[Client, bytes], Awaitable[Response]]


@dataclass
class Traffic:
    """What became of the requests: counts by pod, when (monotonic) each pod answered last, and
    everything that went wrong.
    """

    answers: Counter[str] = field(default_factory=Counter)
    last: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    async def more(self, count: int) -> None:
        """Wait for that many more answers, from whichever pods."""
        wanted = self.answers.total() + count
        await until(lambda: self.answers.total() >= wanted)

    def record(self, method: str, response: Response, nonce: bytes) -> None:
        """An answer is good when it is whole, from a pod, and to this request."""
        pod = response.value(b"x-pod")
        if pod is None or response.status != 200 or not response.complete:
            self.failures.append(f"{method}: {response.status} {response.body[:80]!r}")
        elif response.value(b"x-nonce") != nonce:
            self.failures.append(f"{method}: the answer to another request: {response!r}")
        else:
            self.answers[pod.decode()] += 1
            self.last[pod.decode()] = time.monotonic()


@asynccontextmanager
async def traffic(port: int, host: str) -> AsyncIterator[Traffic]:
    """GET and POST, on kept and on new connections, until the block is left."""
    seen = Traffic()
    ends = asyncio.Event()
    name = host.encode()
    clients = [
        asyncio.create_task(_keep_asking(port, name, seen, ends, send=send, keeps=keeps))
        for send in (_get, _post)
        for keeps in (True, True, False)
    ]
    try:
        yield seen
    finally:
        ends.set()
        await asyncio.gather(*clients)


async def _keep_asking(
    port: int, host: bytes, seen: Traffic, ends: asyncio.Event, *, send: Send, keeps: bool
) -> None:
    number = 0
    while not ends.is_set():
        async with connect(port) as client:
            while not ends.is_set():
                number += 1
                nonce = b"%x-%d" % (id(client), number)
                head = b"Host: %b\r\nX-Nonce: %b\r\n" % (host, nonce)
                if not await _ask(client, seen, send, head, nonce) or not keeps:
                    break
                await asyncio.sleep(PAUSE)  # the rate of the load, not a wait


async def _ask(client: Client, seen: Traffic, send: Send, head: bytes, nonce: bytes) -> bool:
    """One request; whether the connection can take another one."""
    method = "GET" if send is _get else "POST"
    try:
        response = await send(client, head)
    except (ConnectionError, asyncio.IncompleteReadError) as error:
        seen.failures.append(f"{method}: {error!r}")
        return False
    seen.record(method, response, nonce)
    return response.value(b"connection") != b"close"


async def _get(client: Client, head: bytes) -> Response:
    await client.send(b"GET / HTTP/1.1\r\n%b\r\n" % head)
    return await client.response()


async def _post(client: Client, head: bytes) -> Response:
    await client.send(b"POST / HTTP/1.1\r\n%bContent-Length: 5\r\n\r\nhello" % head)
    return await client.response()
