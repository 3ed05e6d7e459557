"""Bytes that cross each other between us and a pod: who hears what, and what is sent again.

What the kernel holds when a request goes out is arranged by writing to sockets with no turn of the
event loop in between.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct

import pytest
from support.clients import connect
from support.pods import OK, Visit, pod
from support.proxies import STREAMED, proxy, simple

from ingressd.proxy.upstream.connection import UpstreamConnection

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"
NO = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


def fileno(writer: asyncio.StreamWriter) -> int:
    return int(writer.get_extra_info("socket").fileno())


async def test_bytes_that_were_there_before_the_request_went_out_do_not_answer_it() -> None:
    visits: list[Visit] = []

    async def script(visit: Visit) -> None:
        visits.append(visit)
        while await visit.request():
            await visit.send(OK)

    async with (
        pod(script) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        assert (await client.get()).body == b"ok"
        os.write(fileno(client.writer), GET)
        os.write(fileno(visits[0].writer), EVIL)
        assert (await client.response()).body == b"ok"
    assert web.connections == 2


@pytest.mark.parametrize("attempt", range(10))
async def test_an_early_answer_survives_the_reset_behind_it(attempt: int) -> None:
    """A pod that closes without having read the whole request resets the connection (413)."""

    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.send(NO)

    async with (
        pod(script) as web,
        proxy(simple([web.port], STREAMED)) as running,
        connect(running.port) as client,
    ):
        await client.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10000000\r\n\r\n")
        client.writer.write(bytes(10_000_000))
        response = await client.response()
    assert (response.status, response.body) == (413, b"no")
    assert len(web.requests) == 1


async def test_an_answer_that_a_write_into_the_reset_overtakes_is_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write = UpstreamConnection.write

    def write_late(self: UpstreamConnection, data: bytes) -> None:
        if data == b"late":
            visit.send(NO)
            visit.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            visit.close()
        write(self, data)

    monkeypatch.setattr(UpstreamConnection, "write", write_late)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        async with (
            proxy(simple([listening.getsockname()[1]], STREAMED)) as running,
            connect(running.port) as client,
        ):
            await client.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 9\r\n\r\n")
            visit, _ = await asyncio.get_running_loop().sock_accept(listening)
            await asyncio.get_running_loop().sock_recv(visit, 1000)
            await client.send(b"late")
            response = await client.response()
    assert (response.status, response.body) == (413, b"no")
