"""``python -m bench.scale.slow_clients``: clients that never finish asking, in their own process.

It prints a line when all have arrived, and a :class:`Report` when the last has been closed or
standard input ends, which also happens when whoever started it is gone.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import count as counting
from typing import cast

import msgspec
import uvloop
from msgspec import Struct

from bench.options import positive
from bench.proxies.peer import HOST
from bench.scale.client import CONNECTING_AT_ONCE, PATH

BEGINNING = f"GET {PATH} HTTP/1.1\r\nHost: {HOST}\r\nX-Slow: ".encode()
LEAST_URGENT = 19
"""Niceness: where they share a core with honest clients, those must not wait for them."""


class Report(Struct, frozen=True):
    """What became of slow clients: ``still_open`` had neither an answer nor an end; ``statuses``
    counts the others by their answer (0: none). ``shortest`` and ``longest`` are their seconds from
    the first byte to the end; ``rate`` is bytes per second of all clients together."""

    count: int
    still_open: int
    statuses: dict[int, int]
    shortest: float
    longest: float
    rate: float


class SlowClient(asyncio.Protocol):
    """One connection, with a head that does not end."""

    def __init__(self) -> None:
        self.sent = self.status = 0
        self.lasted: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.lasted is None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin a head."""
        self._transport = cast(asyncio.Transport, transport)
        self._begun = time.monotonic()
        self._transport.write(BEGINNING)

    def data_received(self, data: bytes) -> None:
        """An answer, to a question that was never finished."""
        self.status = self.status or status_of(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self.lasted = time.monotonic() - self._begun

    def creep(self) -> None:
        """Send one byte more, if the connection still stands."""
        if not self._transport.is_closing():
            self._transport.write(b"x")
            self.sent += 1


def status_of(answer: bytes) -> int:
    """The status code at the beginning of an answer, 0 where there is none."""
    version, _, rest = answer.partition(b" ")
    return int(rest[:3]) if version.startswith(b"HTTP/") and rest[:3].isdigit() else 0


def report_on(clients: Sequence[SlowClient], seconds: float) -> Report:
    """What has become of them, that many seconds after the last had arrived."""
    closed = [client for client in clients if not client.is_open]
    lasted = [client.lasted or 0.0 for client in closed]
    return Report(
        count=len(clients),
        still_open=len(clients) - len(closed),
        statuses=Counter(client.status for client in closed),
        shortest=min(lasted, default=0.0),
        longest=max(lasted, default=0.0),
        rate=sum(client.sent for client in clients) / seconds,
    )


async def creep_along(port: int, count: int, pause: float) -> Report:
    """Let so many clients send one byte every ``pause`` seconds each."""
    clients = await _arrive(port, count)
    print("all have arrived", flush=True)
    begun = time.monotonic()
    creeping = asyncio.create_task(_creep(clients, pause / count))
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), creeping.cancel)
    with suppress(asyncio.CancelledError):
        await creeping
    return report_on(clients, time.monotonic() - begun)


async def _arrive(port: int, count: int) -> list[SlowClient]:
    loop = asyncio.get_running_loop()
    doors = asyncio.Semaphore(CONNECTING_AT_ONCE)

    async def connect(at: int) -> SlowClient:
        source = (f"127.0.0.{2 + at % 8}", 0)
        async with doors:
            _, client = await loop.create_connection(
                SlowClient, "127.0.0.1", port, local_addr=source
            )
        return client

    return await asyncio.gather(*(connect(at) for at in range(count)))


async def _creep(clients: Sequence[SlowClient], pause: float) -> None:
    """One byte after another, each from another client, as long as anybody is there."""
    start = time.monotonic()
    turn = counting()
    while any(client.is_open for client in clients):
        for client in clients:
            await asyncio.sleep(start + next(turn) * pause - time.monotonic())
            client.creep()


def main() -> None:
    """Creep along, and report."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale.slow_clients")
    parser.add_argument("port", type=positive)
    parser.add_argument("count", type=positive)
    parser.add_argument("pause", type=float, help="seconds between two bytes of one client")
    options = parser.parse_args()
    os.nice(LEAST_URGENT)
    report = uvloop.run(creep_along(options.port, options.count, options.pause))
    print(msgspec.json.encode(report).decode(), flush=True)


if __name__ == "__main__":
    main()
