"""Sends a request to a pod: serialises it, finds a connection, streams the body, tries again."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from math import inf
from time import monotonic

from aiohttp.web_protocol import RequestPayloadError

from ingressd.proxy.bodies.temporary_files import TemporaryFile
from ingressd.proxy.client.request import REPEATABLE, Request
from ingressd.proxy.client.roles import Conclude, Refusal
from ingressd.proxy.observing.metrics import Metrics, count
from ingressd.proxy.relaying.exchange import Exchange
from ingressd.proxy.relaying.passage import OPENING, Passage
from ingressd.proxy.relaying.retrying import NOT_SENT, may_retry
from ingressd.proxy.upstream.connection import UpstreamConnection
from ingressd.proxy.upstream.endpoint import ConnectFailed, PooledEndpoint
from ingressd.proxy.upstream.endpoints import AGAIN_SECONDS
from ingressd.proxy.upstream.receiver import Failure
from ingressd.proxy.upstream.response_head import ResponseHead

_LOG = logging.getLogger(__name__)

METHODS = {
    name: name.encode() + b" "
    for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
}

SILENCES = 2
"""Attempts to connect that may time out: each costs the client that wait. A policy may say more."""


class Forwarding:
    """One request on its way to its upstream: one endpoint after the other, until one answers."""

    __slots__ = (
        "_conclude",
        "_endpoint",
        "_is_fresh",
        "_metrics",
        "_passage",
        "_request",
        "_silences",
        "_since",
        "_spent",
        "_tried",
        "_upstream",
    )

    def __init__(self, request: Request, passage: Passage, metrics: Metrics) -> None:
        self._request = request
        self._passage = passage
        assert request.upstream is not None  # a filter has found it
        self._upstream = request.upstream
        self._metrics = metrics
        self._endpoint: PooledEndpoint | None = None
        self._is_fresh = False
        self._spent = self._silences = 0
        self._tried: tuple[PooledEndpoint, ...] = ()
        if passage.screens:
            request.screen = self._turns_down

    def begin(self, conclude: Conclude) -> bool:
        """Send the request if it has come whole and an idle connection leads to its endpoint.

        ``conclude`` is called when it is over. False: nothing was sent, ``run`` must do it.
        """
        request = self._request
        if request.has_body and request.streams_body:
            return False
        self._endpoint = endpoint = self._pick()
        if endpoint is None:
            return False
        connection = self._take_idle(endpoint)
        if connection is None:
            return False
        self._conclude = conclude
        self._count_try(endpoint)
        exchange = self._passage.exchange(
            request, connection, self._passage.timeouts, self._on_done
        )
        request.client.exchange = exchange
        connection.begin(exchange, serialise(request, request.whole_body(), self._passage.opening))
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
        if self._passage.body_reader is not None and self._request.streams_body:
            unread = await self._passage.body_reader.read(self._request)
            if unread is not None:
                return unread
        while True:
            self._endpoint = endpoint = self._endpoint or self._pick()
            if endpoint is None:
                return Failure.NO_ENDPOINT
            failure = await self._try(endpoint)
            if failure is None or not self._may_go_on(failure):
                return failure
            if failure is Failure.REFUSED and not await self._others():
                return failure

    async def _others(self) -> bool:
        """Wait for endpoints that were not tried, for a moment. False: it is too late for them.

        One that has just refused would refuse again. News of a pod's end, and of its successor, may
        be milliseconds behind it (HAProxy's turn-around timer is for the same).
        """
        left = self._seconds_left
        try:
            async with asyncio.timeout(min(AGAIN_SECONDS, left)):
                while not self._has_others_than(self._tried):
                    await self._upstream.changed()
        except TimeoutError:
            return left > AGAIN_SECONDS
        return True

    def _pick(self) -> PooledEndpoint | None:
        return self._passage.balancer.pick(self._request, self._upstream, self._tried)

    def _turns_down(self, head: ResponseHead) -> bool:
        """Whether the client does not get this answer: another endpoint is tried, or there is
        another page for its status.
        """
        request = self._request
        if self._turn_away(Failure.UNWANTED):
            return True
        request.screen = None  # no other will come, and it would keep the request alive
        if head.status not in self._passage.intercepted:
            return False
        request.refusal = refusal_of(head)
        return True

    def _may_go_on(self, failure: Failure) -> bool:
        """Whether to try another endpoint; the last one counts as tried then."""
        if failure is Failure.UNWANTED:
            return self._endpoint is None  # it was decided when the head came
        return self._turn_away(failure)

    def _turn_away(self, failure: Failure) -> bool:
        """Turn from the endpoint that has failed, if another one may be tried."""
        endpoint, retries = self._endpoint, self._passage.retries
        if endpoint is None or not may_retry(self._request, failure, self._is_fresh, retries):
            return False
        was_stale = failure is Failure.CLOSED and not self._is_fresh
        if not was_stale:  # which says nothing about the pod, and so counts for nothing
            self._spent += 1
        was_silent = failure is Failure.CONNECT_TIMEOUT
        self._silences += was_silent
        tried = (*self._tried, endpoint)
        may_return = was_stale or (failure in NOT_SENT and not was_silent)
        if not (may_return or self._has_others_than(tried)):
            return False
        if self._is_exhausted:
            return False
        self._tried, self._endpoint = tried, None
        count(self._metrics.upstream_retries, self._upstream.upstream.key)
        return True

    def _has_others_than(self, tried: tuple[PooledEndpoint, ...]) -> bool:
        return any(pooled not in tried for pooled in self._upstream.endpoints)

    @property
    def _is_exhausted(self) -> bool:
        """Whether there have been as many tries, or they have taken as long, as is allowed."""
        retries = self._passage.retries
        if retries.after is None and self._silences >= SILENCES:
            return True
        tries = retries.tries or len(self._upstream.endpoints)
        return self._spent >= tries or self._seconds_left <= 0

    @property
    def _seconds_left(self) -> float:
        """Until no other try may begin."""
        timeout = self._passage.retries.timeout
        return self._since + timeout - monotonic() if timeout else inf

    def _count_try(self, endpoint: PooledEndpoint) -> None:
        if self._passage.retries.timeout and not self._tried:
            self._since = monotonic()
        self._request.tries += 1
        self._request.upstream_address = endpoint.text

    def _take_idle(self, endpoint: PooledEndpoint) -> UpstreamConnection | None:
        # Idle connections die together, when their pod restarts: another try takes one only where
        # there was an answer before, if not a good one.
        request = self._request
        if self._tried and not request.status:
            return None
        is_fleeting = request.has_body and request.streams_body and request.body_file is None
        is_precious = request.method not in REPEATABLE or is_fleeting or self._passage.is_single
        return endpoint.take_idle(surely_open=is_precious or bool(self._tried))

    async def _try(self, endpoint: PooledEndpoint) -> Failure | None:
        request, passage = self._request, self._passage
        self._count_try(endpoint)
        connection = self._take_idle(endpoint)
        self._is_fresh = connection is None
        if connection is None:
            try:
                connection = await endpoint.connect(passage.timeouts.connect)
            except ConnectFailed as failed:
                count(self._metrics.upstream_connect_failures, self._upstream.upstream.key)
                return failed.failure
            count(self._metrics.upstream_connects, self._upstream.upstream.key)
        done: asyncio.Future[Failure | None] = request.client.loop.create_future()
        exchange = passage.exchange(request, connection, passage.timeouts, partial(_settle, done))
        request.client.exchange = exchange
        try:
            return await self._exchange(exchange, connection, done)
        except BaseException:  # cancelled, as a rule
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
            connection.begin(
                exchange, serialise(request, request.whole_body(), self._passage.opening)
            )
            return await done
        connection.begin(exchange, serialise(request, b"", self._passage.opening), owes_body=True)
        if request.body_file is not None:
            sending = _pour(request.body_file, exchange)
        else:
            request.body_consumed = True
            sending = self._pump(request, exchange)
        pump = request.client.loop.create_task(sending)
        try:
            return await done
        finally:
            pump.cancel()

    async def _pump(self, request: Request, exchange: Exchange) -> None:
        """Pass the request body on as it comes, at the pace of the slower side."""
        payload = request.payload
        chunked = b"content-length" not in request.fields
        request.invite_body()
        try:
            while True:
                exchange.wait_for_client(request.client.limits.body_timeout)
                piece = await payload.readany()
                if not piece:
                    break
                if request.carries_more_than(self._passage.body_limit):
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


async def _pour(file: TemporaryFile, exchange: Exchange) -> None:
    """Send a request body that was read before."""
    try:
        for piece in file.pieces():
            await exchange.send_body(piece)
    except OSError:
        _LOG.exception("a request body could not be read back")
        exchange.cancel(Failure.NOT_KEPT)
        return
    exchange.end_body()
    exchange.wait_for_pod()


def _settle(done: asyncio.Future[Failure | None], failure: Failure | None) -> None:
    """Wake the task, unless it was cancelled since: the client has left."""
    if not done.done():
        done.set_result(failure)


def refusal_of(head: ResponseHead) -> Refusal:
    """What the page for an answer of a pod must say: also how to get in (nginx keeps that, too)."""
    challenges = (line for line in head.lines if line[:17].lower() == b"www-authenticate:")
    return Refusal(head.status, tuple(challenges))


def serialise(request: Request, body: bytes, opening: bytes = OPENING) -> bytes:
    """The request as a pod gets it: raw target, our own framing and forwarding fields.

    Host is what a believed proxy was asked for (ingress-nginx ``$best_http_host``).
    """
    visitor = request.visitor
    fields = request.fields
    authority = visitor.authority or request.authority
    parts = [
        METHODS.get(request.method) or request.method.encode() + b" ",
        request.raw_target,
        opening,
        request.pod_host or authority,
        b"\r\n",
        *request.lines,
        visitor.forwarded,
        b"X-Forwarded-Host: ",
        authority,
        b"\r\nX-Request-ID: ",
        request.request_id,
        b"\r\n",
    ]
    if b"x-forwarded-for" in fields:
        sent = fields[b"x-forwarded-for"].rstrip(b" ")  # left by joining a last one that is empty
        parts.append(b"X-Original-Forwarded-For: %b\r\n" % sent)
    if b"x-forwarded-host" in fields:
        sent = fields[b"x-forwarded-host"].rstrip(b" ")
        parts.append(b"X-Original-Forwarded-Host: %b\r\n" % sent)
    if request.wants_upgrade:
        parts[2] = OPENING
        parts.append(b"Connection: Upgrade\r\nUpgrade: %b\r\n" % fields[b"upgrade"])
    parts.append(_framing(request, body))
    parts.append(body)
    return b"".join(parts)


def _framing(request: Request, body: bytes) -> bytes:
    """Exactly one way to find the end of the body, and the empty line (RFC 9112 section 6.3)."""
    length = request.fields.get(b"content-length")
    if length is not None:
        return b"Content-Length: %d\r\n\r\n" % int(length)  # without leading zeros
    if not request.has_body:
        return b"\r\n"
    if body:
        return b"Content-Length: %d\r\n\r\n" % len(body)
    if request.body_file is not None:
        return b"Content-Length: %d\r\n\r\n" % request.body_file.size
    if request.streams_body:
        return b"Transfer-Encoding: chunked\r\n\r\n"
    if request.message.chunked:
        return b"Content-Length: 0\r\n\r\n"
    return b"\r\n"
