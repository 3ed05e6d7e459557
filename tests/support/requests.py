"""Parsed requests for tests: real parser, real connection, and a transport that records."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from ingressd.proxy.client.client_address import Trust
from ingressd.proxy.client.connection import CLOSE, ClientConnection, Reply
from ingressd.proxy.client.forwarded import Visitor, forwarded_lines
from ingressd.proxy.client.front import Front
from ingressd.proxy.client.request import Request
from ingressd.proxy.clock import Clock
from ingressd.proxy.headers import split_underscored
from ingressd.proxy.observing.metrics import Metrics
from ingressd.routing.global_policy import ClientAddress
from support.proxies import SETTINGS


class Wire(asyncio.Transport):
    """Records what is done to a transport; ``extra`` is what it knows."""

    def __init__(self, **extra: object) -> None:
        super().__init__(extra)
        self.written = b""
        self.end = ""
        self.is_reading_paused = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return self.end in ("close", "abort")

    def close(self) -> None:
        self.end = "abort" if self.end == "abort" else "close"

    def abort(self) -> None:
        self.end = "abort"

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.end = "half-close"

    def pause_reading(self) -> None:
        self.is_reading_paused = True

    def resume_reading(self) -> None:
        self.is_reading_paused = False


class Refuser:
    """Answers nothing."""

    def begin(self, request: Request) -> bool:
        return False

    def abandon(self, request: Request) -> None:
        pass

    async def __call__(self, request: Request) -> Reply:
        return CLOSE

    def refuse(self, request: Request, status: int) -> Reply:
        return CLOSE


def client_connection(scheme: str = "http", remote: str = "192.0.2.1") -> ClientConnection:
    """A client connection with a recording transport, whose task has not started."""
    loop = asyncio.get_running_loop()
    connection = Front(Refuser(), SETTINGS, Metrics(), Clock(loop)).connection(scheme)
    connection.transport = Wire()
    connection.remote = remote
    connection.visitor = Visitor(remote, scheme, forwarded_lines(remote, scheme, 80))
    return connection


def proxy_connection(**policy: Any) -> ClientConnection:
    """A connection from a proxy at 10.0.0.1 that is believed about its clients."""
    connection = client_connection(remote="10.0.0.1")
    address = ClientAddress(forwarded_headers=True, trusted=("10.0.0.0/8",), **policy)
    connection.witness = Trust(address, 80).visitor
    return connection


def lenient_connection() -> ClientConnection:
    """A connection whose requests keep fields with an underscore in their name."""
    connection = client_connection()
    connection.split = split_underscored
    return connection


def wire_of(request: Request) -> Wire:
    return cast(Wire, request.client.transport)


def unread(raw: bytes, client: ClientConnection | None = None) -> Request:
    """A request as aiohttp hands it over. ``raw`` may lack the end of its body."""
    client = client or client_connection()
    parser: Any = client._parser
    messages, _, _ = parser.feed_data(raw)
    message, payload = messages[0]
    return Request(message, payload, client)


def received(raw: bytes, client: ClientConnection | None = None) -> Request:
    """The same with its head read. Raises BadRequest."""
    request = unread(raw, client)
    request.receive()
    return request


def get(
    target: bytes = b"/", extra: bytes = b"", client: ClientConnection | None = None
) -> Request:
    return received(b"GET %b HTTP/1.1\r\nHost: a.test\r\n%b\r\n" % (target, extra), client)
