"""A way to the API server that can be shut: an outage for one client alone."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from support.cluster.credentials import SERVER

_CHUNK = 1 << 16


class Door:
    """A port of 127.0.0.1. While it is shut nothing listens there; what was open is reset."""

    def __init__(self) -> None:
        self._port = 0
        self._listener: asyncio.Server | None = None
        self._writers: set[StreamWriter] = set()

    @property
    def url(self) -> str:
        """Where the API server is for those who go this way."""
        return f"https://127.0.0.1:{self._port}"

    async def open(self) -> None:
        """Let connections through, from now on and always at the same port."""
        self._listener = await asyncio.start_server(self._lead, "127.0.0.1", self._port)
        self._port = self._listener.sockets[0].getsockname()[1]

    def shut(self) -> None:
        """Refuse connections, and reset those that are through."""
        if self._listener is not None:
            self._listener.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _lead(self, reader: StreamReader, writer: StreamWriter) -> None:
        target = urlsplit(SERVER)
        try:
            inner_reader, inner_writer = await asyncio.open_connection(target.hostname, target.port)
        except ConnectionError:
            writer.transport.abort()
            return
        both = {writer, inner_writer}
        self._writers |= both
        await asyncio.gather(_pass_on(reader, inner_writer), _pass_on(inner_reader, writer))
        self._writers -= both


async def _pass_on(reader: StreamReader, writer: StreamWriter) -> None:
    """Until one side is gone, which is the end for the other one."""
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        writer.transport.abort()
    writer.close()


@asynccontextmanager
async def open_door() -> AsyncIterator[Door]:
    """An open one; shut when the block is left."""
    door = Door()
    await door.open()
    try:
        yield door
    finally:
        door.shut()
