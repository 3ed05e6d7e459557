"""A client's connection: aiohttp's HTTP/1.1 server protocol, and what a proxy adds to it.

aiohttp answers each request in a task. Most requests need nothing to wait for but the pod, of whose
answer a callback tells: those are answered from here. The task is made with the first request that
does have to wait, and sleeps while it is not needed.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any, Protocol, cast

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler, _ErrInfo

from ingressd.proxy.client.client_address import Trust
from ingressd.proxy.client.forwarded import Visitor, Witness, peer_address
from ingressd.proxy.client.intake import Intake, Parsers
from ingressd.proxy.client.proxy_protocol import ProxyHeader
from ingressd.proxy.client.refusals import status_of
from ingressd.proxy.client.request import REPEATABLE, Request
from ingressd.proxy.client.roles import Feed, Relay
from ingressd.proxy.clock import NEVER
from ingressd.proxy.observing.metrics import Metrics

_AT_ONCE = struct.pack("ii", 1, 0)  # closing a socket with no time to linger resets it


class Reply:
    """What a handler returns to aiohttp when the answer has been written already."""

    __slots__ = ("keep_alive",)

    def __init__(self, keep_alive: bool) -> None:
        self.keep_alive = keep_alive

    async def prepare(self, request: Request) -> None:
        """Nothing is left to prepare; a last answer is followed by the end of the connection."""
        if not self.keep_alive:
            request.client.leave(request)

    async def write_eof(self) -> None:
        """Nothing is left to write."""


KEEP = Reply(keep_alive=True)
CLOSE = Reply(keep_alive=False)


class Responder(Protocol):
    """Answers requests: what :class:`ingressd.proxy.handler.Handler` is to a connection."""

    def begin(self, request: Request) -> bool:
        """Answer a request that has come whole, now or by callbacks; False: it has to wait."""
        ...

    async def __call__(self, request: Request) -> Reply:
        """Answer a request, from its beginning or from where ``begin`` stopped."""
        ...

    def abandon(self, request: Request) -> None:
        """Forget a request that was begun: its client is gone."""
        ...

    def refuse(self, request: Request, status: int) -> Reply:
        """Answer what could not be parsed, or failed inside, with an error page."""
        ...


class Front(Parsers, Protocol):
    """The server that a connection belongs to: :class:`ingressd.proxy.client.front.Front`."""

    metrics: Metrics
    responder: Responder
    trust: Trust

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """One more (aiohttp's hook)."""


class ClientConnection(Intake):
    """One client connection. ``scheme`` is "http" or "https", ``server_name`` the SNI, if any.

    ``header`` is the PROXY header with which it began, if that is asked for.
    """

    __slots__ = (
        "_asleep",
        "_front",
        "_header",
        "_is_begun",
        "_is_half_closed",
        "_metrics",
        "_most_requests",
        "_responder",
        "begun",
        "exchange",
        "loop",
        "remote",
        "scheme",
        "server_name",
        "visitor",
        "witness",
    )

    def __init__(
        self,
        front: Front,
        scheme: str,
        server_name: str | None,
        header: ProxyHeader | None,
        **settings: Any,
    ) -> None:
        super().__init__(front, **settings)
        self._front = front
        self.loop = front.loop
        self.scheme = scheme
        self.server_name = server_name
        self.begun: Request | None = None
        self.exchange: Relay | None = None
        self.remote = ""
        self.visitor = Visitor("", scheme, b"")
        self.witness: Witness | None = None
        self._header = header
        self._asleep: asyncio.Future[None] | None = None
        self._is_begun = self._is_half_closed = False
        self._metrics = front.metrics
        limits = self.limits
        self._most_requests = limits.keep_alive_requests if limits.keep_alive else 1
        self._responder = front.responder

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn who it is, and write down once what every request of it tells the pod.

        Not as aiohttp does, which makes a timer and a task at once.
        """
        self.transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._learn(peer_address(str(peer[0])) if peer else "")
        self._metrics.client_connections += 1
        self._metrics.open_connections += 1
        self._front.connection_made(self, self.transport)
        self.deadline = self._clock.now + self.limits.head_timeout
        self._clock.watch(self)

    def _learn(self, peer: str) -> None:
        trust = self._front.trust
        self.visitor = trust.arrival(peer, self.scheme, self._header)
        self.remote = self.visitor.remote
        self.witness = trust.visitor if trust.believes(self.remote) else None

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count it out; aiohttp cancels the handler, which drops the exchange."""
        if self._manager is not None:
            self._metrics.open_connections -= 1
        self._clock.unwatch(self)
        request = self.request if self._is_begun else self.begun
        self._is_begun = False
        self.begun = None
        if request is not None:
            self._responder.abandon(request)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, and see to what aiohttp's parser leaves undone."""
        if self._payload_parser is not None:
            self._payload_parser.feed_data(data)
            return
        if not self._is_free:
            self._parse(data)
            return
        waiter, self._waiter = self._waiter, None  # aiohttp would wake its task
        self._parse(data)
        self._waiter = waiter
        if self._messages and getattr(self._messages[0][0], "method", "") not in REPEATABLE:
            # Writes go out at the end of the loop's turn. Not until then is looked whether the
            # pod's connection still stands: this request could not be sent a second time.
            self.loop.call_soon(self._go_on)
        else:
            self._go_on()

    def _go_on(self) -> None:
        """Answer what has come, at once or by the task, but no faster than the client reads."""
        while self._messages and self._is_free and not self._paused:
            if not self._begin():
                self._wake()

    def _begin(self) -> bool:
        """Begin to answer the first message; False: the task must."""
        message, payload = self._messages[0]
        if isinstance(message, _ErrInfo) or message.upgrade or self._buffer_paused:
            return False
        if not payload.is_eof():
            return False
        assert self._parser is not None
        self._messages.popleft()
        self._parser.message_consumed()
        self._is_begun = True
        self._asleep, self._waiter = self._waiter, None
        self.deadline = NEVER
        request = Request(message, payload, self)
        self._current_request = request  # type: ignore[assignment]
        if not self._responder.begin(request):
            self.wait_for(request)
        return True

    def answered(self, request: Request) -> None:
        """What was begun has been answered: the connection may take the next request."""
        self._rest()
        if not request.keep_alive or self._close or self.is_finished:
            self.leave(request)
            return
        self._idle()
        if self._messages:
            self.loop.call_soon(self._go_on)

    def wait_for(self, request: Request) -> None:
        """Leave what was begun to the task, because there is something to wait for."""
        self.begun = request
        self._messages.appendleft((request.message, request.payload))
        self._rest()
        self._wake()

    def expire(self) -> None:
        """The client has asked for nothing, or not finished asking, for too long (the clock)."""
        if not self._head_size or self.is_refused:
            self.force_close()
        elif self._is_free:
            self._refuse(408)
        else:  # what was asked before is not answered yet
            self.deadline = self._clock.now + self.limits.head_timeout

    def leave(self, request: Request) -> None:
        """Close after the last answer, which the client must see even if it goes on sending."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        if self._payload_parser is not None and not self.is_refused:
            return  # a tunnel has its own end
        if self._will_send_nothing(request) or not transport.can_write_eof():  # TLS has no half
            self.force_close()
            return
        self._force_close = True
        self._swallow()
        transport.write_eof()
        self.deadline = self._clock.now + self._lingering_time

    def _will_send_nothing(self, request: Request) -> bool:
        """Whether the client has said that this request was its last, and kept to it so far."""
        if self._is_half_closed:
            return True
        is_good = request.status < 400 and not self.is_refused
        return is_good and request.message.should_close and request.is_body_complete

    @property
    def _is_free(self) -> bool:
        """Whether the next request may be begun: none is under way, here or in the task."""
        if self._is_begun or self._force_close or not self._keepalive:
            return False
        waiter = self._waiter
        return self._task_handler is None if waiter is None else not waiter.done()

    def _wake(self) -> None:
        """Let the task answer the first message and what follows it; then it sleeps again."""
        self.deadline = NEVER
        if self._head_size:
            self._expect_head()
        if self._task_handler is None:
            self._task_handler = self.loop.create_task(self.start())
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _idle(self) -> None:
        """Begin to wait for a request, or for the rest of one. The task keeps a timer of its own
        once it has run.
        """
        if self._head_size:
            self._expect_head()
            return
        self.deadline = self._clock.now + self._keepalive_timeout
        self._next_keepalive_close_time = self.deadline

    def _rest(self) -> None:
        self._is_begun = False
        self._waiter, self._asleep = self._asleep, None
        self._current_request = None

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """A client that only half-closed still gets its answers, if only that it was cut short."""
        if self.scheme == "https" or self._force_close:
            return None
        if not self.is_refused:
            if self._payload_parser is not None:
                return None
            if self._body is not None and not self._body.is_eof():
                self._fail_body(self._body)
            elif self._head_size:
                self._refuse(400)
            elif not self._owes_answer:
                return None
        self._is_half_closed = True
        return True

    async def drained(self) -> None:
        """Wait until the client has read what was written before. Raises ConnectionError."""
        await self._drain_helper()

    def pause_writing(self) -> None:
        """The client reads slowly: hold the pod back."""
        super().pause_writing()
        if self.exchange is not None:
            self.exchange.on_client_full()

    def resume_writing(self) -> None:
        """The client has caught up."""
        super().resume_writing()
        self._go_on()
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
        if self._payload_parser is not None and not self.is_refused:
            self._payload_parser.say_goodbye()
            self.close_when_sent()

    def close_when_sent(self) -> None:
        """Close once everything written has gone out."""
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        """Reset the connection, so that an answer cut short cannot be taken for a whole one."""
        transport = self.transport
        if transport is not None:
            # To HTTP/1.0 a mere end may be the end of the answer.
            sock = None if transport.is_closing() else transport.get_extra_info("socket")
            if sock is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            transport.abort()

    @property
    def is_last(self) -> bool:
        """Whether the connection ends with the answer under way."""
        begun = self._request_count - len(self._messages)  # others wait, and are counted already
        return begun >= self._most_requests or self._close or self.is_finished

    @property
    def is_finished(self) -> bool:
        """Whether the client will send nothing more and has its answers, but for the one due."""
        return self._is_half_closed and not self._messages

    @property
    def is_upgraded(self) -> bool:
        """Whether what follows the request may be another protocol."""
        return self._upgraded

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a request, of which nothing has come yet."""
        return self._is_free and not self._messages and not self._head_size

    @property
    def _owes_answer(self) -> bool:
        """Whether a request has come whole and has not been answered."""
        if self._messages:
            return self._messages[-1][1].is_eof()
        return self.request is not None and self.request.is_body_complete

    def handle_error(  # type: ignore[override]
        self,
        request: Any,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> Reply:
        """What aiohttp could not parse, as an error page (RFC 9112 section 2.2: 400 and close)."""
        if isinstance(exc, HttpProcessingError):
            status = status_of(exc, self.limits)
        return self._responder.refuse(request, status)
