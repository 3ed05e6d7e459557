"""A client's connection: aiohttp's HTTP/1.1 server protocol, and what a proxy adds to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from aiohttp import StreamReader, web
from aiohttp.http import HttpRequestParser
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import MAX_MSG_QUEUE_SIZE, RequestHandler, RequestPayloadError, _ErrInfo

from ingressd.proxy.client.request import Feed, Relay, Request
from ingressd.proxy.metrics import Metrics
from ingressd.proxy.settings import ProxySettings

READ_BUFFER = 64 * 1024
"""Bytes of a body that may wait in memory before the client is held back (twice this at most)."""

LINGERING_TIME = 2.0
"""Seconds for which the rest of an unread body is swallowed, so that the client sees the answer."""

GLANCE = 0.5
"""Seconds after which a connection that came last and asked for nothing is found to be idle."""

CUT_OFF = 0.01
"""Seconds that aiohttp waits for handlers when we no longer do; it takes 0 for "for ever"."""

END_OF_BODY = b"\r\n\r\n"
"""What a chunked body ends with, with or without trailers (RFC 9112 section 7.1)."""


class Reply:
    """What a handler returns to aiohttp when the answer has been written already."""

    __slots__ = ("keep_alive",)

    def __init__(self, keep_alive: bool) -> None:
        self.keep_alive = keep_alive

    async def prepare(self, request: Request) -> None:
        """Nothing is left to prepare."""

    async def write_eof(self) -> None:
        """Nothing is left to write."""


KEEP = Reply(keep_alive=True)
CLOSE = Reply(keep_alive=False)


class Responder(Protocol):
    """Answers requests: what :class:`ingressd.proxy.handler.Handler` is to a connection."""

    async def __call__(self, request: Request) -> Reply:
        """Answer a request."""
        ...

    def refuse(self, request: Request, status: int) -> Reply:
        """Answer what could not be parsed, or failed inside, with an error page."""
        ...


class ClientConnection(RequestHandler):
    """One client connection. ``scheme`` is "http" or "https", ``server_name`` the SNI, if any."""

    __slots__ = (
        "_chunked_body",
        "_metrics",
        "_most_requests",
        "_responder",
        "exchange",
        "forwarded",
        "loop",
        "remote",
        "request",
        "scheme",
        "server_name",
    )

    def __init__(self, front: Front, scheme: str, server_name: str | None, **settings: Any) -> None:
        super().__init__(front, loop=front.loop, **settings)
        self.loop = front.loop
        self.scheme = scheme
        self.server_name = server_name
        self.request: Request | None = None
        self.exchange: Relay | None = None
        self.remote = ""
        self.forwarded = b""
        self._chunked_body: StreamReader | None = None
        self._metrics = front.metrics
        self._most_requests = front.settings.limits.keep_alive_requests
        self._responder = front.responder

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn the peer, and write down once what every request of it tells the pod."""
        peer = transport.get_extra_info("peername")
        self.remote = _address(str(peer[0])) if peer else ""
        self.forwarded = forwarded_lines(self.remote, self.scheme, self._front.settings)
        self._metrics.client_connections += 1
        self._metrics.open_connections += 1
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count it out; aiohttp cancels the handler, which drops the exchange."""
        if self._manager is not None:
            self._metrics.open_connections -= 1
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, and see to what aiohttp's parser leaves undone."""
        if self._payload_parser is not None:
            self._payload_parser.feed_data(data)
            return
        count = self._request_count
        super().data_received(data)
        if self._request_count != count or self._chunked_body is not None:
            self._inspect(self._request_count - count, data)

    def _inspect(self, new: int, data: bytes) -> None:
        """Look at the messages that have just been parsed from ``data``.

        A parse error inside a body is queued as a message of its own: the body must fail too. And
        the parser keeps the last trailer of a chunked body for the head that follows, which would
        let one client write header fields of another's request behind a shared load balancer. So
        a request parsed together with such a body, or begun there, is dropped and the connection
        closed after the answer; else the next head gets a fresh parser.
        """
        for position in range(-new, 0):
            message = self._messages[position][0]
            if isinstance(message, _ErrInfo):
                self._fail_body_before(position)
            elif self._chunked_body is not None:
                for _ in range(-position):
                    self._messages.pop()
                self.close()
                break
            elif message.chunked:
                self._chunked_body = self._messages[position][1]
        if self._chunked_body is not None and self._chunked_body.is_eof():
            self._chunked_body = None
            if data.endswith(END_OF_BODY) or END_OF_BODY.endswith(data):
                self._parser = self._front.parser(self)
            else:
                self.close()

    def _fail_body_before(self, position: int) -> None:
        if -position < len(self._messages):
            body = self._messages[position - 1][1]
        elif self.request is not None:
            body = self.request.payload
        else:
            return
        if not body.is_eof():
            body.set_exception(RequestPayloadError("malformed body"))

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """A client that only half-closed still gets the answer to a request it has sent whole."""
        if self.scheme == "https" or self._payload_parser is not None or not self._owes_answer:
            return None
        self.close()
        return True

    def pause_writing(self) -> None:
        """The client reads slowly: hold the pod back."""
        super().pause_writing()
        if self.exchange is not None:
            self.exchange.on_client_full()

    def resume_writing(self) -> None:
        """The client has caught up."""
        super().resume_writing()
        if self.exchange is not None:
            self.exchange.on_client_writable()

    def hold(self) -> None:
        """Read no more from the client until release."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()

    def release(self) -> None:
        """Read from the client again."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def switch_to(self, feed: Feed) -> None:
        """From here on the client's bytes belong to another protocol (RFC 9110 section 7.8)."""
        self._upgraded = True
        self.set_parser(feed)  # type: ignore[arg-type]
        self.release()

    def close_tunnel(self) -> None:
        """End an upgraded connection, without losing what was written to it."""
        if self._payload_parser is not None:
            self.close_when_sent()

    def close_when_sent(self) -> None:
        """Close once everything written has gone out."""
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        """Reset the connection, so that an answer cut short cannot be taken for a whole one."""
        transport = self.transport
        if transport is not None:
            transport.abort()

    @property
    def is_last(self) -> bool:
        """Whether the connection ends with the answer under way."""
        return self._close or self._request_count >= self._most_requests

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a request."""
        return self._waiter is not None and not self._messages

    @property
    def _owes_answer(self) -> bool:
        """Whether a request has come whole and has not been answered."""
        if self._messages:
            return self._messages[-1][1].is_eof()
        return self.request is not None and self.request.is_body_complete

    @property
    def _front(self) -> Front:
        assert isinstance(self._manager, Front)
        return self._manager

    def handle_error(  # type: ignore[override]
        self,
        request: Any,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> Reply:
        """What aiohttp could not parse, as an error page (RFC 9112 section 2.2: 400 and close)."""
        if isinstance(exc, LineTooLong):
            status = 431
        return self._responder.refuse(request, status)


class Front(web.Server):
    """The server of all client connections of this worker."""

    def __init__(
        self,
        responder: Responder,
        settings: ProxySettings,
        metrics: Metrics,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        if HttpRequestParser.__module__ != "aiohttp._http_parser":
            raise RuntimeError(
                "aiohttp runs with its Python parser, which accepts malformed requests; "
                "install a build with C extensions and unset AIOHTTP_NO_EXTENSIONS"
            )
        super().__init__(
            responder,  # type: ignore[arg-type]
            request_factory=Request,  # type: ignore[arg-type]
            handler_cancellation=True,
            loop=loop,
        )
        limits = settings.limits
        self._parsing: dict[str, Any] = {
            "auto_decompress": False,
            "max_line_size": limits.request_line,
            "max_field_size": limits.header_field,
            "max_headers": limits.header_count,
        }
        self._one_left = asyncio.Event()
        self.loop = loop
        self.responder = responder
        self.settings = settings
        self.metrics = metrics

    def connection(self, scheme: str, server_name: str | None = None) -> ClientConnection:
        """A protocol for one accepted connection."""
        return ClientConnection(
            self,
            scheme,
            server_name,
            access_log=None,
            keepalive_timeout=self.settings.limits.keep_alive,
            lingering_time=LINGERING_TIME,
            read_bufsize=READ_BUFFER,
            **self._parsing,
        )

    def parser(self, connection: ClientConnection) -> Any:
        """A parser like the one that aiohttp makes for a new connection."""
        return HttpRequestParser(
            connection,
            self.loop,
            READ_BUFFER,
            payload_exception=RequestPayloadError,
            max_msg_queue_size=MAX_MSG_QUEUE_SIZE,
            **self._parsing,
        )

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """One less to wait for (aiohttp's hook)."""
        super().connection_lost(handler, exc)
        self._one_left.set()

    async def finish(self, grace: float) -> None:
        """Wait ``grace`` seconds at most until every connection has ended, then end the rest.

        Not with aiohttp's own shutdown: from its first moment it ignores what clients still send,
        and so cuts uploads and tunnels short.
        """
        deadline = self.loop.time() + grace
        while self._connections and (left := deadline - self.loop.time()) > 0:
            self.close_idle()
            self._one_left.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, GLANCE)):
                    await self._one_left.wait()
        for connection in self.client_connections():
            connection.close_tunnel()
        await asyncio.sleep(0)
        await self.shutdown(CUT_OFF)

    def close_idle(self) -> None:
        """Close the connections that wait for a request."""
        for connection in self.client_connections():
            if connection.is_idle:
                connection.force_close()

    def client_connections(self) -> list[ClientConnection]:
        """Every open connection."""
        return [item for item in self.connections if isinstance(item, ClientConnection)]


ConnectionFactory = Callable[[str, str | None], ClientConnection]


def _address(peer: str) -> str:
    """The peer's address; IPv4 clients of an IPv6 socket are shown as what they are."""
    mapped = peer.removeprefix("::ffff:")
    return mapped if "." in mapped else peer


def forwarded_lines(remote: str, scheme: str, settings: ProxySettings) -> bytes:
    """What every request of a connection tells the pod about the client.

    The names and values of ingress-nginx; X-Forwarded-Port is 443 on any https port.
    """
    port = 443 if scheme == "https" else settings.http_port
    return (
        f"X-Real-IP: {remote}\r\nX-Forwarded-For: {remote}\r\nX-Forwarded-Port: {port}\r\n"
        f"X-Forwarded-Proto: {scheme}\r\nX-Forwarded-Scheme: {scheme}\r\nX-Scheme: {scheme}\r\n"
    ).encode()
