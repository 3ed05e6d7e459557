"""One try of one request: relays a pod's answer to the client as it comes.

Bytes are pushed from the pod's connection straight to the client's; nothing wakes up per chunk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ingressd.proxy.client.acknowledged import acknowledged_bytes
from ingressd.proxy.client.request import Request
from ingressd.proxy.client.roles import Client, FixedEdits
from ingressd.proxy.headers import TRAILER_FORBIDDEN, connection_tokens
from ingressd.proxy.relaying.tunnel import Tunnel
from ingressd.proxy.upstream.connection import UpstreamConnection
from ingressd.proxy.upstream.receiver import Failure
from ingressd.proxy.upstream.response_head import (
    Framing,
    ResponseHead,
    connection_line,
    status_line,
)
from ingressd.routing.policy import Timeouts

WhenDone = Callable[[Failure | None], None]
ExchangeMaker = Callable[[Request, UpstreamConnection, Timeouts, WhenDone], "Exchange"]

CLIENT_WRITE_TIMEOUT = 60.0
"""Seconds a client may read nothing at all while we hold bytes for it (nginx ``send_timeout``)."""

JOIN_UP_TO = 128 * 1024
"""Bytes up to which pieces are joined into one write: each piece is a system call of its own."""


class Exchange:
    """The receiver of one upstream connection's answer.

    At the end, which comes once, ``when_done`` is told None or the failure.
    """

    __slots__ = (
        "_acknowledged",
        "_body",
        "_chunked",
        "_client",
        "_connection",
        "_head",
        "_is_done",
        "_timeouts",
        "_tunnel",
        "_when_done",
        "_writable",
        "is_head",
        "read_timeout",
        "request",
        "started",
        "tunnel_timeout",
        "wants_upgrade",
    )

    def __init__(
        self,
        request: Request,
        connection: UpstreamConnection,
        timeouts: Timeouts,
        when_done: WhenDone,
    ) -> None:
        self.request = request
        self.is_head = request.method == "HEAD"
        self.wants_upgrade = request.wants_upgrade
        self.read_timeout = timeouts.read
        self.tunnel_timeout = timeouts.tunnel
        self.started = False
        self._client: Client = request.client
        self._is_done = False
        self._when_done = when_done
        self._connection = connection
        self._timeouts = timeouts
        self._head = b""
        self._acknowledged = 0
        self._body: list[bytes | memoryview] = []
        self._chunked = False
        self._tunnel: Tunnel | None = None
        self._writable: asyncio.Future[None] | None = None

    # --- from the pod's connection ---

    @property
    def largest_head(self) -> int:
        """Bytes of a head that the route wants to be taken (``proxy-buffer-size``)."""
        route = self.request.route
        return 0 if route is None else route.policy.buffering.buffer_size

    def asked_for(self, protocol: bytes) -> bool:
        """A pod may choose among the protocols that the client offers (RFC 9110 section 7.8)."""
        offered = connection_tokens(self.request.fields[b"upgrade"])
        return connection_tokens(protocol) <= offered

    def on_head(self, head: ResponseHead) -> None:
        """Serialise the head; it is written with the first bytes of the body."""
        request = self.request
        request.status = head.status
        if request.screen is not None and request.screen(head):
            self._connection.discard(head.length)
            self._finish(Failure.UNWANTED)
            return
        keep = request.keep_alive and request.is_body_complete
        lines = self._lines(head)
        parts = [status_line(head.status, head.reason), *lines, request.affinity_cookie]
        if head.length >= 0:
            parts.append(b"Content-Length: %d\r\n" % head.length)
        elif head.framing != Framing.NONE:
            if request.http10:
                keep = False
            else:
                self._chunked = True
                if head.trailer:
                    parts.append(b"Trailer: %b\r\n" % head.trailer)
                parts.append(b"Transfer-Encoding: chunked\r\n")
        request.keep_alive = keep
        parts.append(connection_line(keep, request.http10))
        self._head = b"".join(parts)

    def _lines(self, head: ResponseHead) -> list[bytes]:
        """The field lines as the client gets them; the head may be used for other answers too."""
        edits, lines = self.request.relay_edits, head.lines
        if not edits:
            return lines
        if head.edited_by is edits:
            return head.edited
        for edit in edits:
            lines = edit(self.request, head.status, lines)
        if isinstance(edits, FixedEdits):
            head.edited_by, head.edited = edits, lines
        return lines

    def on_body(self, data: bytes | memoryview) -> None:
        """Hold a piece of the body until the end of this read."""
        self._body.append(data)
        if self._tunnel is not None:
            self._tunnel.note(bytes(data))

    def on_flush(self) -> None:
        """Write head and body as far as they are known."""
        if self._head or self._body:
            self._write_out(b"")
            if self._client.writing_paused:
                self.on_client_full()

    def on_end(self, trailers: list[tuple[bytes, bytes]]) -> None:
        """Write the rest and the end of the body."""
        self._write_out(last_chunk(trailers) if self._chunked else b"")
        self._finish(None)

    def on_switch(self, head: ResponseHead, protocol: bytes) -> None:
        """Tell the client, and let bytes flow both ways."""
        request = self.request
        request.status = head.status
        request.keep_alive = False
        upgrade = b"Connection: Upgrade\r\nUpgrade: %b\r\n\r\n" % protocol
        line = status_line(head.status, head.reason)
        self._head = b"".join([line, *self._lines(head), request.affinity_cookie, upgrade])
        self._write_out(b"")
        self._tunnel = Tunnel(self._client, self._connection, self.tunnel_timeout, protocol)
        self._client.switch_to(self._tunnel)
        if self._connection.write_paused:
            self._tunnel.hold_client()  # what the client sent ahead has filled the pod already

    def on_failure(self, failure: Failure) -> None:
        """Cut the client's connection if it has seen a part of the answer."""
        if self._tunnel is not None:
            self._client.close_when_sent()
            failure_seen = None
        else:
            failure_seen = failure
            if self.started:
                self._client.abort()
        self._finish(failure_seen)

    def on_full(self) -> None:
        """The pod takes no more for now."""
        self._connection.arm(self._timeouts.send, Failure.SEND_TIMEOUT)
        if self._tunnel is not None:
            self._tunnel.hold_client()

    def on_writable(self) -> None:
        """The pod takes bytes again."""
        self._connection.arm(self.tunnel_timeout if self._tunnel else self.read_timeout)
        if self._tunnel is not None:
            self._tunnel.release_client()
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    # --- from the client's connection ---

    def on_client_full(self) -> None:
        """The client reads slowly: read no more from the pod."""
        if self._is_current and not self._connection.read_paused:
            self._connection.pause()
            self._reads_on()
            self._connection.arm(CLIENT_WRITE_TIMEOUT, Failure.CLIENT_STALLED)

    def on_client_writable(self) -> None:
        """The client has caught up."""
        if self._is_current:
            self._connection.resume()
            self._connection.arm(self.tunnel_timeout if self._tunnel else self.read_timeout)

    def outlasts(self, blame: Failure) -> bool:
        """Whether a deadline that has passed was none, because the client reads, if slowly."""
        is_slow = blame is Failure.CLIENT_STALLED and self._client.writing_paused
        if not (is_slow and self._reads_on()):
            return False
        self._connection.arm(CLIENT_WRITE_TIMEOUT, blame)
        return True

    def _reads_on(self) -> bool:
        """Whether the client has taken anything since this was asked last."""
        before, self._acknowledged = self._acknowledged, acknowledged_bytes(self._client.transport)
        return self._acknowledged > before

    async def send_body(self, piece: bytes) -> None:
        """Send a piece of the request body; returns when the pod can take the next one."""
        if self._is_current:
            self._connection.write(piece)
        while self._connection.write_paused and self._is_current:
            self._writable = self._client.loop.create_future()
            await self._writable

    def end_body(self) -> None:
        """The request is out whole: once answered, the connection may take another one."""
        if self._is_current:
            self._connection.owes_body = False

    def wait_for_client(self, seconds: float) -> None:
        """The next move is the client's: it has this long to send more of its body."""
        if self._is_current:
            self._connection.arm(seconds, Failure.CLIENT_STALLED)

    def wait_for_pod(self) -> None:
        """The next move is the pod's: it has its read timeout to answer."""
        if self._is_current:
            self._connection.arm(self.read_timeout)

    def cancel(self, failure: Failure) -> None:
        """Drop the pod's connection: the request could not be sent whole."""
        if self._is_current:
            self._connection.abort()
            self.on_failure(failure)

    def abandon(self) -> None:
        """The client is gone. A tunnel's last bytes reach the pod; an answer has no reader."""
        if not self._is_current:
            return
        if self._tunnel is not None:
            self._connection.finish()
        else:
            self._connection.abort()

    @property
    def _is_current(self) -> bool:
        """Whether the connection is still ours: after the end it may serve another exchange."""
        return self._connection.exchange is self

    # --- writing ---

    def _write_out(self, last: bytes) -> None:
        transport = self._client.transport
        if transport is None:
            self._body.clear()
            return
        pieces = self._pieces(last)
        size = sum(map(len, pieces))
        if not size:
            return
        self.started = True
        self.request.bytes_sent += size
        if size <= JOIN_UP_TO:
            transport.write(b"".join(pieces))
        else:
            for piece in pieces:
                transport.write(piece)

    def _pieces(self, last: bytes) -> list[bytes | memoryview]:
        body, self._body = self._body, []
        if self._chunked and body:
            body.insert(0, b"%x\r\n" % sum(map(len, body)))
            body.append(b"\r\n")
        if self._head:
            body.insert(0, self._head)
            self._head = b""
        if last:
            body.append(last)
        return body

    def _finish(self, failure: Failure | None) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        if not self._is_done:
            self._is_done = True
            self._when_done(failure)


def last_chunk(trailers: list[tuple[bytes, bytes]]) -> bytes:
    """The end of a chunked body with the trailers that may travel (RFC 9112 section 7.1.2)."""
    if not trailers:
        return b"0\r\n\r\n"
    lines = [
        b"%b: %b\r\n" % (name, value)
        for name, value in trailers
        if name.lower() not in TRAILER_FORBIDDEN
    ]
    return b"0\r\n%b\r\n" % b"".join(lines)
