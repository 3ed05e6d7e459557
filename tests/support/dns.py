"""A name server on loopback that answers from a table, over UDP."""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

_HEADER = 12
_A, _CNAME, _AAAA = 1, 5, 28
_NO_SUCH_NAME = 3


class NameServer(asyncio.DatagramProtocol):
    """``records`` maps a name to addresses, or to one name (a CNAME); others do not exist.

    ``is_silent`` swallows queries. ``asked`` counts the A queries of each name.
    """

    def __init__(self, ttl: int = 60) -> None:
        self.records: dict[str, tuple[str, ...]] = {}
        self.ttl = ttl
        self.is_silent = False
        self.asked: Counter[str] = Counter()
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        host, port = transport.get_extra_info("sockname")[:2]
        self.address = f"{host}:{port}"

    def datagram_received(self, query: bytes, client: tuple[str, int]) -> None:
        name, kind, end = _question(query)
        if kind == _A:
            self.asked[name] += 1
        if not self.is_silent:
            self._transport.sendto(self._answer(query[:2], query[_HEADER:end], name, kind), client)

    def _answer(self, identity: bytes, question: bytes, name: str, kind: int) -> bytes:
        answers = self._records_of(name, kind)
        code = 0 if name in self.records else _NO_SUCH_NAME
        header = identity + (0x8180 | code).to_bytes(2) + b"\0\1" + len(answers).to_bytes(2)
        return header + bytes(4) + question + b"".join(answers)

    def _records_of(self, name: str, kind: int) -> list[bytes]:
        found = []
        for value in self.records.get(name, ()):
            try:
                address = ipaddress.ip_address(value)
            except ValueError:
                found.append(self._record(name, _CNAME, _encode(value)))
                found += self._records_of(value, kind)
                continue
            if kind == (_A if address.version == 4 else _AAAA):
                found.append(self._record(name, kind, address.packed))
        return found

    def _record(self, name: str, kind: int, content: bytes) -> bytes:
        fields = (kind.to_bytes(2), b"\0\1", self.ttl.to_bytes(4), len(content).to_bytes(2))
        return _encode(name) + b"".join(fields) + content


@asynccontextmanager
async def serving_names(ttl: int = 60) -> AsyncIterator[NameServer]:
    """A name server for as long as the block lasts."""
    server = NameServer(ttl)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: server, local_addr=("127.0.0.1", 0)
    )
    try:
        yield server
    finally:
        transport.close()


def _question(query: bytes) -> tuple[str, int, int]:
    """Name, type, and where the question ends."""
    labels = []
    position = _HEADER
    while size := query[position]:
        labels.append(query[position + 1 : position + 1 + size].decode())
        position += 1 + size
    return (
        ".".join(labels).lower(),
        int.from_bytes(query[position + 1 : position + 3]),
        position + 5,
    )


def _encode(name: str) -> bytes:
    labels = (label.encode() for label in name.split("."))
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
