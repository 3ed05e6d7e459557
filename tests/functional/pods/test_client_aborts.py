"""Clients that reset their connections: 500 mid-download and 500 mid-upload, a thousand together.

They leave fifty at a time, and their pod is let go of each time; at the end the worker holds what
it held before, and counts nothing against the pod.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.clients import Client, connected, fetch
from support.descriptors import connections_to, open_descriptors
from support.pods import OK, Pod, Visit, pod
from support.program import MANIFEST, Launch, Program, running
from support.waiting import until

BATCHES, AT_ONCE = 10, 50
TOTAL = BATCHES * AT_ONCE
PART = 50_000
LET_GO_SECONDS = 5.0
HOST = "a.test"
DOWNLOAD = b"GET /download HTTP/1.1\r\nHost: a.test\r\n\r\n"
UPLOAD = b"POST /upload HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100000\r\n\r\nsome of it"
STREAMED = 'annotations: {nginx.ingress.kubernetes.io/proxy-request-buffering: "off"}'


class Transfers:
    """A pod that never comes to an end of a transfer; ``open`` counts those that last."""

    def __init__(self) -> None:
        self.open = 0

    async def script(self, visit: Visit) -> None:
        while received := await visit.head():
            if b" / " in received.line:
                await visit.send(OK)
                continue
            self.open += 1
            try:
                await self._transfer(visit, received.line)
            finally:
                self.open -= 1

    async def _transfer(self, visit: Visit, line: bytes) -> None:
        if b"/upload" in line:
            await visit.reader.readexactly(100_000)
            return
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + bytes(PART))
        await visit.reader.read()


@asynccontextmanager
async def served(folder: Path, transfers: Transfers) -> AsyncIterator[tuple[Program, Pod]]:
    manifest = folder / "web.yaml"
    text = MANIFEST.format(host=HOST).replace("{name: web}", f"{{name: web, {STREAMED}}}", 1)
    await asyncio.to_thread(manifest.write_text, text)
    async with pod(transfers.script) as web:
        arguments = ("--backend", f"web=127.0.0.1:{web.port}")
        launch = Launch(manifest, folder, arguments, workers=1, stdout=folder / "log")
        async with running(launch) as program:
            yield program, web


def _reset(clients: list[Client]) -> None:
    """What was not read yet makes the kernel send a reset; else the linger time of 0 does."""
    for client in clients:
        sock = client.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.writer.transport.abort()


async def _statuses(program: Program) -> dict[str, float]:
    """How often each status was counted."""
    samples = await program.samples("ingressd_requests_total")
    return {labels["status"]: count for labels, count in samples}


async def _abort_all(program: Program, transfers: Transfers, sent: bytes, first: int) -> None:
    """One batch: begin, and leave when all are under way and ``first`` bytes have come."""
    async with connected(program.http, AT_ONCE) as clients:
        await asyncio.gather(*(each.send(sent) for each in clients))
        await asyncio.gather(*(each.reader.readexactly(first) for each in clients))
        await until(lambda: transfers.open == AT_ONCE)
        _reset(clients)
        async with asyncio.timeout(LET_GO_SECONDS):
            await until(lambda: transfers.open == 0)


@pytest.mark.parametrize(
    ("sent", "first", "counted"),
    [
        (DOWNLOAD, PART, {"200": 1.0 + TOTAL}),  # by then the client has seen this status
        (UPLOAD, 0, {"200": 1.0, "499": TOTAL}),
    ],
    ids=["mid-download", "mid-upload"],
)
async def test_five_hundred_resets_leave_nothing(
    tmp_path: Path, sent: bytes, first: int, counted: dict[str, float]
) -> None:
    transfers = Transfers()
    async with served(tmp_path, transfers) as (program, web):
        worker = await program.one_worker()
        assert (await fetch(program.http)).body == b"ok"
        await until(lambda: connections_to(program.http) == 0)
        before = open_descriptors(worker)
        for _ in range(BATCHES):
            await _abort_all(program, transfers, sent, first)

        await until(lambda: open_descriptors(worker) <= before)
        assert connections_to(web.port) <= 1  # the first request's, kept to be used again
        assert await _statuses(program) == counted
        assert await program.samples("ingressd_upstream_connect_failures_total") == []
        assert (await fetch(program.http)).body == b"ok"
        assert program.workers == {worker}
