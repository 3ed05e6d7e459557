"""What clients and pods of tests have in common: messages with fields, and one end of a wire."""

from __future__ import annotations

import asyncio

Headers = list[tuple[bytes, bytes]]


def split_head(head: bytes) -> tuple[bytes, Headers]:
    """The first line, and the fields as they were written."""
    line, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    return line, [(k, v.strip()) for k, _, v in (entry.partition(b":") for entry in lines)]


class Message:
    """A request or a response, whose fields are asked for in any case."""

    headers: Headers

    def values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def value(self, name: bytes) -> bytes | None:
        values = self.values(name)
        return values[0] if values else None


class End:
    """One end of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()
