"""A client connection to each worker of a program: what all of them answer, each of them does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from support.clients import Client, connect
from support.descriptors import holds
from support.program import Program

PAUSE = 0.02
"""Seconds between two questions: more of them would take their time from who is asked."""


class WorkerClient:
    """Asks one of the workers behind a port, on connections that it accepted; several tasks may do
    so at a time.
    """

    def __init__(self, port: int, pid: int, stack: AsyncExitStack) -> None:
        self._port = port
        self._pid = pid
        self._stack = stack
        self._client: Client | None = None
        self._lock = asyncio.Lock()

    async def status(self, host: bytes) -> int:
        """What it answers for a host."""
        async with self._lock:
            client = self._client or await self._connected()
            answer = await client.get(host=host)
            self._client = None if answer.value(b"connection") == b"close" else client
            return answer.status

    async def _connected(self) -> Client:
        """The kernel decides who accepts a connection: make some until this worker has one."""
        while True:
            client = await self._stack.enter_async_context(connect(self._port))
            await client.get(host=b"nobody.test")  # then it has been accepted
            own = client.writer.get_extra_info("sockname")[1]
            if holds(self._pid, own, self._port):
                return client


class EachWorker:
    """Asks all workers."""

    def __init__(self, clients: list[WorkerClient]) -> None:
        self._clients = clients

    async def until(self, host: bytes, status: int) -> None:
        """Ask until each has answered with this status."""
        for client in self._clients:
            while await client.status(host) != status:  # noqa: ASYNC110 (it is another process)
                await asyncio.sleep(PAUSE)


@asynccontextmanager
async def each_worker(program: Program) -> AsyncIterator[EachWorker]:
    """Those that there are now."""
    async with AsyncExitStack() as stack:
        yield EachWorker([WorkerClient(program.http, pid, stack) for pid in program.workers])
