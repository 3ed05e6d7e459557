"""The way of a request through the data plane: read, match, filter, forward, account for."""

from __future__ import annotations

import logging
import time

from ingressd.proxy.client.answer import Answer, write_answer
from ingressd.proxy.client.connection import CLOSE, KEEP, Reply
from ingressd.proxy.client.pages import ErrorPages
from ingressd.proxy.client.request import BadRequest, Request
from ingressd.proxy.forwarding import Forwarder
from ingressd.proxy.index import RouteIndex
from ingressd.proxy.plan import RoutePlan
from ingressd.proxy.recording import Recorder
from ingressd.proxy.upstream.endpoints import Pool
from ingressd.proxy.upstream.receiver import Failure

logger = logging.getLogger(__name__)

FAILURE_STATUS = {
    Failure.REFUSED: 502,
    Failure.CONNECT_TIMEOUT: 504,
    Failure.UNRESOLVED: 502,
    Failure.CLOSED: 502,
    Failure.CUT: 502,
    Failure.MALFORMED: 502,
    Failure.TIMEOUT: 504,
    Failure.SEND_TIMEOUT: 504,
    Failure.CLIENT_BODY: 400,
    Failure.CLIENT_STALLED: 408,
}


class Handler:
    """Answers every request of this worker."""

    def __init__(
        self,
        index: RouteIndex,
        pool: Pool,
        forwarder: Forwarder,
        pages: ErrorPages,
        record: Recorder,
    ) -> None:
        self._index = index
        self._pool = pool
        self._forwarder = forwarder
        self._pages = pages
        self._record = record
        self.is_draining = False

    async def __call__(self, request: Request) -> Reply:
        """Answer a request; aiohttp awaits one after the other on each connection."""
        request.started = time.monotonic()
        if self.is_draining:
            request.keep_alive = False
        try:
            await self._answer(request)
        except Exception:
            logger.exception("a request failed inside")
            self._fail(request, 500)
        finally:
            request.release_body()
            request.client.request = None
            self._record(request)
        return KEEP if request.keep_alive else CLOSE

    def refuse(self, request: Request, status: int) -> Reply:
        """Answer what could not be parsed."""
        request.started = time.monotonic()
        request.keep_alive = False
        self._fail(request, status)
        self._record(request)
        return CLOSE

    async def _answer(self, request: Request) -> None:
        try:
            request.receive()
        except BadRequest as refused:
            request.keep_alive = False
            self._fail(request, refused.status)
            return
        match = self._index.match(request.host, request.path)
        if match is None:
            self._fail(request, 404)
            return
        plan = match.target
        request.route = plan.route
        for step in plan.filters:
            answer = step(request, match.groups)
            if answer is not None:
                write_answer(request, answer)
                return
        await self._forward(request, plan)

    async def _forward(self, request: Request, plan: RoutePlan) -> None:
        upstream = self._pool.get(plan.upstream)
        if upstream is None or not upstream.endpoints:
            self._fail(request, 503)
            return
        failure = await self._forwarder.forward(request, plan, upstream)
        if failure is not None:
            self._fail(request, FAILURE_STATUS[failure])

    def _fail(self, request: Request, status: int) -> None:
        """An error page; where the client has seen a part of another answer, the end of it."""
        if request.bytes_sent:
            request.keep_alive = False
            request.client.abort()
            return
        accept = request.message.headers.get("Accept")
        content_type, body = self._pages.render(status, accept, request.request_id.decode())
        write_answer(request, Answer(status, content_type, body))
