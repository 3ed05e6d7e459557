"""Sends a request to a pod: serialises it, finds a connection, streams the body, tries again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from aiohttp.web_protocol import RequestPayloadError

from ingressd.proxy.client.request import REPEATABLE, Request
from ingressd.proxy.exchange import Exchange
from ingressd.proxy.metrics import Metrics
from ingressd.proxy.plan import RoutePlan
from ingressd.proxy.settings import Limits
from ingressd.proxy.upstream.connection import UpstreamConnection
from ingressd.proxy.upstream.endpoints import ConnectFailed, PooledEndpoint, PooledUpstream
from ingressd.proxy.upstream.receiver import Failure

MAX_TRIES = 3
"""Endpoints tried for one request (ingress-nginx ``proxy-next-upstream-tries``)."""

NOT_SENT = frozenset({Failure.REFUSED, Failure.CONNECT_TIMEOUT, Failure.UNRESOLVED})
"""Failures before a byte of the request went out: any request may be tried elsewhere."""

METHODS = {
    name: name.encode() + b" "
    for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
}


Conclude = Callable[[Request, Failure | None], None]
"""Is told how the forwarding of a request ended."""


class Forwarding:
    """One request on its way to an upstream: one endpoint after the other, until one answers.

    ``limits`` say how large a body may be, and how long a client may pause within it.
    """

    __slots__ = (
        "_conclude",
        "_endpoint",
        "_is_fresh",
        "_limits",
        "_metrics",
        "_plan",
        "_request",
        "_tried",
        "_upstream",
    )

    def __init__(
        self,
        request: Request,
        plan: RoutePlan,
        upstream: PooledUpstream,
        metrics: Metrics,
        limits: Limits,
    ) -> None:
        self._request = request
        self._plan = plan
        self._upstream = upstream
        self._metrics = metrics
        self._limits = limits
        self._endpoint: PooledEndpoint | None = None
        self._is_fresh = False
        self._tried: tuple[PooledEndpoint, ...] = ()

    def begin(self, conclude: Conclude) -> bool:
        """Send the request if it has come whole and an idle connection leads to its endpoint.

        ``conclude`` is called when it is over. False: nothing was sent, ``run`` must do it.
        """
        request = self._request
        self._endpoint = endpoint = self._pick()
        if endpoint is None or request.streams_body:
            return False
        connection = self._take_idle(endpoint)
        if connection is None:
            return False
        self._conclude = conclude
        self._count_try(endpoint)
        exchange = Exchange(request, connection, self._plan.timeouts, self._on_done)
        request.client.exchange = exchange
        connection.begin(exchange, serialise(request, _small_body(request)))
        return True

    def _on_done(self, failure: Failure | None) -> None:
        request = self._request
        request.client.exchange = None
        if failure is None or not self._may_go_on(failure):
            self._conclude(request, failure)
        else:
            request.errand = self
            request.client.wait_for(request)

    async def run(self) -> Failure | None:
        """Relay the answer of one endpoint; the failure of the last try when there was none."""
        while True:
            endpoint = self._endpoint or self._pick()
            if endpoint is None:
                return Failure.REFUSED  # the endpoints went away between two tries
            self._endpoint = endpoint
            failure = await self._try(endpoint)
            if failure is None or not self._may_go_on(failure):
                return failure

    def _pick(self) -> PooledEndpoint | None:
        return self._plan.balancer.pick(self._request, self._upstream, self._tried)

    def _may_go_on(self, failure: Failure) -> bool:
        """Whether to try another endpoint; the last one counts as tried then."""
        if self._endpoint is None or not may_retry(self._request, failure, self._is_fresh):
            return False
        self._tried = (*self._tried, self._endpoint)
        self._endpoint = None
        if len(self._tried) == MAX_TRIES:
            return False
        _count(self._metrics.upstream_retries, self._plan.upstream)
        return True

    def _count_try(self, endpoint: PooledEndpoint) -> None:
        self._request.tries += 1
        self._request.upstream_address = endpoint.text

    def _take_idle(self, endpoint: PooledEndpoint) -> UpstreamConnection | None:
        # Idle connections die together, when their pod restarts: only the first try takes one.
        if self._tried:
            return None
        request = self._request
        is_precious = request.method not in REPEATABLE or request.streams_body
        return endpoint.take_idle(surely_open=is_precious)

    async def _try(self, endpoint: PooledEndpoint) -> Failure | None:
        request, plan = self._request, self._plan
        self._count_try(endpoint)
        connection = self._take_idle(endpoint)
        if connection is None:
            try:
                connection = await endpoint.connect(plan.timeouts.connect)
            except ConnectFailed as failed:
                _count(self._metrics.upstream_connect_failures, plan.upstream)
                return failed.failure
            _count(self._metrics.upstream_connects, plan.upstream)
            self._is_fresh = True
        done: asyncio.Future[Failure | None] = request.client.loop.create_future()
        exchange = Exchange(request, connection, plan.timeouts, partial(_settle, done))
        request.client.exchange = exchange
        try:
            return await self._exchange(exchange, connection, done)
        except asyncio.CancelledError:
            exchange.abandon()
            raise
        finally:
            request.client.exchange = None
            if exchange.wants_upgrade:
                request.client.release()

    async def _exchange(
        self,
        exchange: Exchange,
        connection: UpstreamConnection,
        done: asyncio.Future[Failure | None],
    ) -> Failure | None:
        request = self._request
        if exchange.wants_upgrade:
            request.client.hold()  # what follows is not HTTP if the pod agrees
        if not request.streams_body:
            connection.begin(exchange, serialise(request, _small_body(request)))
            return await done
        connection.begin(exchange, serialise(request, b""), owes_body=True)
        request.body_consumed = True
        pump = request.client.loop.create_task(self._pump(request, exchange))
        try:
            return await done
        finally:
            pump.cancel()

    async def _pump(self, request: Request, exchange: Exchange) -> None:
        """Pass the request body on as it comes, at the pace of the slower side."""
        payload = request.payload
        chunked = b"content-length" not in request.fields
        if b"expect" in request.fields and not request.http10:
            _continue(request)
        try:
            while True:
                exchange.wait_for_client(self._limits.body_timeout)
                piece = await payload.readany()
                if not piece:
                    break
                if request.carries_more_than(self._limits.body):
                    exchange.cancel(Failure.CLIENT_TOO_LARGE)
                    return
                exchange.wait_for_pod()
                await exchange.send_body(
                    b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece
                )
            if chunked:
                await exchange.send_body(b"0\r\n\r\n")
            exchange.end_body()
            exchange.wait_for_pod()
        except (RequestPayloadError, ConnectionError):  # malformed, or the client is gone
            exchange.cancel(Failure.CLIENT_BODY)


def _settle(done: asyncio.Future[Failure | None], failure: Failure | None) -> None:
    """Wake the task, unless it was cancelled since: the client has left."""
    if not done.done():
        done.set_result(failure)


def may_retry(request: Request, failure: Failure, is_fresh: bool) -> bool:
    """Whether another endpoint may be tried (RFC 9110 section 9.2.2, RFC 9112 section 9.3.1).

    Never once the client has seen a byte or a body that is gone was sent. Always when nothing was
    sent. When a connection that had been used before died without an answer, for an idempotent
    method; where one made for this request did (``is_fresh``), the request may be what kills pods.
    A second try is made on a fresh connection, so nothing is sent more than twice.
    """
    if request.bytes_sent or request.body_consumed:
        return False
    return failure in NOT_SENT or (
        failure is Failure.CLOSED and not is_fresh and request.may_repeat
    )


def serialise(request: Request, body: bytes) -> bytes:
    """The request as a pod gets it: raw target, our own framing and forwarding fields."""
    client = request.client
    fields = request.fields
    authority = request.authority
    parts = [
        METHODS.get(request.method) or request.method.encode() + b" ",
        request.raw_target,
        b" HTTP/1.1\r\nHost: ",
        authority,
        b"\r\n",
        *request.lines,
        client.forwarded,
        b"X-Forwarded-Host: %b\r\nX-Request-ID: %b\r\n" % (authority, request.request_id),
    ]
    if b"x-forwarded-for" in fields:
        parts.append(b"X-Original-Forwarded-For: %b\r\n" % fields[b"x-forwarded-for"])
    if b"x-forwarded-host" in fields:
        parts.append(b"X-Original-Forwarded-Host: %b\r\n" % fields[b"x-forwarded-host"])
    if request.wants_upgrade:
        parts.append(b"Connection: Upgrade\r\nUpgrade: %b\r\n" % fields[b"upgrade"])
    parts.append(_framing(request, body))
    parts.append(body)
    return b"".join(parts)


def _framing(request: Request, body: bytes) -> bytes:
    """Exactly one way to find the end of the body, and the empty line (RFC 9112 section 6.3)."""
    length = request.fields.get(b"content-length")
    if length is not None:
        return b"Content-Length: %d\r\n\r\n" % int(length)  # without leading zeros
    if body:
        return b"Content-Length: %d\r\n\r\n" % len(body)
    if request.streams_body:
        return b"Transfer-Encoding: chunked\r\n\r\n"
    if request.message.chunked:
        return b"Content-Length: 0\r\n\r\n"
    return b"\r\n"


def _small_body(request: Request) -> bytes:
    """The body that has arrived already, kept on the request so that it can be sent again."""
    if request.small_body is None:
        request.small_body = request.payload.read_nowait() if request.has_body else b""
    return request.small_body


def _continue(request: Request) -> None:
    """Ask the client for its body (RFC 9110 section 10.1.1)."""
    if request.client.transport is not None:
        request.client.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _count(counters: dict[str, int], key: str) -> None:
    counters[key] = counters.get(key, 0) + 1
