"""The way of a request through the data plane: read, match, filter, forward, account for."""

from __future__ import annotations

import logging
import time

from ingressd.proxy.client.answer import Answer, write_answer
from ingressd.proxy.client.connection import CLOSE, KEEP, Reply
from ingressd.proxy.client.pages import ErrorPages
from ingressd.proxy.client.request import BadRequest, Request
from ingressd.proxy.forwarding import Forwarding
from ingressd.proxy.index import RouteIndex
from ingressd.proxy.metrics import Metrics
from ingressd.proxy.recording import Recorder
from ingressd.proxy.settings import Limits
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
    Failure.CLIENT_TOO_LARGE: 413,
    Failure.CLIENT_STALLED: 408,
}


class Handler:
    """Answers every request of this worker."""

    def __init__(
        self,
        index: RouteIndex,
        pool: Pool,
        pages: ErrorPages,
        record: Recorder,
        metrics: Metrics,
        limits: Limits,
    ) -> None:
        self._index = index
        self._pool = pool
        self._pages = pages
        self._record = record
        self._metrics = metrics
        self._limits = limits
        self.is_draining = False

    def begin(self, request: Request) -> bool:
        """Answer a request that has come whole, now or when its pod answers.

        False: it has to wait for something else; the client's connection must call us.
        """
        self._open(request)
        forwarding = self._lead(request)
        if forwarding is not None:
            try:
                if forwarding.begin(self._conclude):
                    return True
                request.errand = forwarding
                return False
            except Exception:
                self._fail_inside(request)
        self._end(request)
        request.client.answered(request)
        return True

    async def __call__(self, request: Request) -> Reply:
        """Answer a request, from its beginning or from where ``begin`` stopped."""
        errand = request.errand
        if errand is None:
            self._open(request)
        try:
            await request.client.drained()
            if errand is None:
                errand = self._lead(request)
            if errand is not None:
                failure = await errand.run()
                if failure is not None:
                    self._fail(request, FAILURE_STATUS[failure])
        except ConnectionError:
            raise  # the client has left
        except Exception:
            self._fail_inside(request)
        finally:
            self._end(request)
        return KEEP if request.keep_alive and not request.client.is_finished else CLOSE

    def abandon(self, request: Request) -> None:
        """Forget a request that was begun: its client is gone."""
        exchange, request.client.exchange = request.client.exchange, None
        if exchange is not None:
            exchange.abandon()
        self._end(request)

    def refuse(self, request: Request, status: int) -> Reply:
        """Answer what could not be parsed."""
        request.started = time.monotonic()
        request.keep_alive = False
        self._fail(request, status)
        self._record(request)
        return CLOSE

    def _open(self, request: Request) -> None:
        request.started = time.monotonic()
        if self.is_draining:
            request.keep_alive = False

    def _conclude(self, request: Request, failure: Failure | None) -> None:
        try:
            if failure is not None:
                self._fail(request, FAILURE_STATUS[failure])
            self._end(request)
        except Exception:
            logger.exception("a request failed at its end")
            request.client.abort()
        request.client.answered(request)

    def _end(self, request: Request) -> None:
        request.release_body()
        request.client.request = None
        self._record(request)

    def _lead(self, request: Request) -> Forwarding | None:
        """The way to the pods; None where the request has been answered."""
        try:
            request.receive()
            return self._route(request)
        except BadRequest as refused:
            request.keep_alive = False
            self._fail(request, refused.status)
        except Exception:
            self._fail_inside(request)
        return None

    def _route(self, request: Request) -> Forwarding | None:
        match = self._index.match(request.host, request.path)
        if match is None:
            self._fail(request, 404)
            return None
        plan = match.target
        request.route = plan.route
        for step in plan.filters:
            answer = step(request, match.groups)
            if answer is not None:
                write_answer(request, answer)
                return None
        upstream = self._pool.get(plan.upstream)
        if upstream is None or not upstream.endpoints:
            self._fail(request, 503)
            return None
        if request.has_body and request.carries_more_than(self._limits.body):
            self._fail(request, 413)
            return None
        return Forwarding(request, plan, upstream, self._metrics, self._limits)

    def _fail_inside(self, request: Request) -> None:
        logger.exception("a request failed inside")
        self._fail(request, 500)

    def _fail(self, request: Request, status: int) -> None:
        """An error page; where the client has seen a part of another answer, the end of it."""
        if request.bytes_sent:
            request.keep_alive = False
            request.client.abort()
            return
        accept = request.message.headers.get("Accept")
        content_type, body = self._pages.render(status, accept, request.request_id.decode())
        write_answer(request, Answer(status, content_type, body))
