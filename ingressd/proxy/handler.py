"""The way of a request through the data plane: read, match, filter, forward, account for."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from functools import partial

from ingressd.proxy.client.answer import Answer, write_answer
from ingressd.proxy.client.connection import CLOSE, KEEP, Reply
from ingressd.proxy.client.pages import ErrorPages
from ingressd.proxy.client.request import BadRequest, Request
from ingressd.proxy.client.roles import Errand
from ingressd.proxy.filters.filter import Refusal, RequestFilter, Stop
from ingressd.proxy.index import RouteIndex
from ingressd.proxy.observing.metrics import Metrics
from ingressd.proxy.observing.recording import Recorder
from ingressd.proxy.pause import Pause
from ingressd.proxy.plan import RoutePlan
from ingressd.proxy.relaying.failure_status import FAILURE_STATUS
from ingressd.proxy.relaying.forwarding import Forwarding
from ingressd.proxy.upstream.receiver import Failure
from ingressd.routing.matcher import Match

_LOG = logging.getLogger(__name__)

NOT_FOUND = Refusal(404)
TOO_LARGE = Refusal(413)
OVERLOADED = Refusal(503, (b"Retry-After: 1\r\n",))


class Handler:
    """Answers every request of this worker."""

    def __init__(
        self,
        index: RouteIndex,
        pages: ErrorPages,
        record: Recorder,
        metrics: Metrics,
    ) -> None:
        self._index = index
        self._pages = pages
        self._record = record
        self._metrics = metrics
        self.is_draining = False
        self._answer = self._route

    def shed(self, sheds: bool) -> None:
        """Refuse every request from now on, or answer again. Those under way are not touched."""
        self._answer = self._refuse_for_now if sheds else self._route

    def begin(self, request: Request) -> bool:
        """Answer a request that has come whole, now or when its pod answers.

        False: it has to wait for something else; the client's connection must call us.
        """
        self._open(request)
        errand = self._lead(request)
        if errand is not None:
            try:
                if errand.begin(self._conclude):
                    return True
                request.errand = errand
                return False
            except Exception as error:
                self._fail_inside(request, error)
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
            while errand is not None:
                failure = await errand.run()
                errand = self._fail(request, _refusal(request, failure)) if failure else None
        except ConnectionError:
            raise  # the client has left
        except Exception as error:
            self._fail_inside(request, error)
        finally:
            self._end(request)
        return KEEP if request.keep_alive and not request.client.is_finished else CLOSE

    def abandon(self, request: Request) -> None:
        """Forget a request that was begun: its client is gone."""
        _abandon_exchange(request)
        self._end(request)

    def refuse(self, request: Request, status: int) -> Reply:
        """Answer what could not be parsed."""
        request.started = time.monotonic()
        request.keep_alive = False
        self._write_page(request, Refusal(status))
        self._record(request)
        return CLOSE

    def _open(self, request: Request) -> None:
        request.started = time.monotonic()
        if self.is_draining:
            request.keep_alive = False

    def _conclude(self, request: Request, failure: Failure | None) -> None:
        """An errand has come to its end without waiting; another one may follow a failure."""
        try:
            errand = self._fail(request, _refusal(request, failure)) if failure else None
            if errand is not None:
                if not errand.begin(self._conclude):
                    request.errand = errand
                    request.client.wait_for(request)
                return
            self._end(request)
        except MemoryError:
            self._metrics.memory_errors += 1
            request.client.abort()
        except Exception:
            _LOG.exception("a request failed at its end")
            request.client.abort()
        request.client.answered(request)

    def _end(self, request: Request) -> None:
        if request.at_end is not None:
            at_end, request.at_end = request.at_end, None
            at_end()
        request.release_body()
        request.client.request = None
        self._record(request)

    def _lead(self, request: Request) -> Errand | None:
        """What is to be done for a request; None where it has been answered."""
        try:
            request.receive()
            return self._answer(request)
        except BadRequest as refused:
            request.keep_alive = False
            self._write_page(request, Refusal(refused.status))
        except Exception as error:
            self._fail_inside(request, error)
        return None

    def _refuse_for_now(self, request: Request) -> None:
        """Ask no filter and no default backend: either takes memory."""
        self._metrics.shed += 1
        request.keep_alive = False
        self._write_page(request, OVERLOADED)

    def _route(self, request: Request) -> Errand | None:
        match = self._index.match(request.host, request.path)
        plan = self._index.nowhere if match is None else match.target
        is_secure = request.client.scheme != "http" and self._index.has_tls(request.host)
        request.answer_edits, request.relay_edits = plan.tls_edits if is_secure else plan.edits
        if match is None:
            self._write_page(request, NOT_FOUND)
            return None
        request.route = plan.route
        request.stand_in = plan.stand_in
        if request.has_body and request.carries_more_than(plan.body_limit):
            return self._fail(request, TOO_LARGE)
        return self._pass(request, match, iter(plan.filters))

    def _pass(
        self, request: Request, match: Match[RoutePlan], filters: Iterator[RequestFilter]
    ) -> Errand | None:
        """On through the filters, and then to the pods."""
        for filter_ in filters:
            stop = filter_(request, match.groups)
            if stop is None:
                continue
            if not isinstance(stop, Answer | Refusal):
                return Pause(stop, partial(self._resume, request, match, filters))
            return self._stop(request, stop)
        return Forwarding(request, match.target, self._metrics)

    def _resume(
        self,
        request: Request,
        match: Match[RoutePlan],
        filters: Iterator[RequestFilter],
        stop: Stop | None,
    ) -> Errand | None:
        """What follows a pause, which has ended with ``stop``."""
        if stop is None:
            return self._pass(request, match, filters)
        return self._stop(request, stop)

    def _stop(self, request: Request, stop: Stop) -> Errand | None:
        if isinstance(stop, Refusal):
            return self._fail(request, stop)
        write_answer(request, stop)
        return None

    def _fail_inside(self, request: Request, error: Exception) -> None:
        _abandon_exchange(request)
        if isinstance(error, MemoryError):  # who watches memory says so, once for all
            self._metrics.memory_errors += 1
            request.keep_alive = False
            self._write_page(request, OVERLOADED)
            return
        _LOG.error("a request failed inside", exc_info=error)
        self._write_page(request, Refusal(500))

    def _fail(self, request: Request, refusal: Refusal) -> Errand | None:
        """An error page of ours, or what is to be done for another one."""
        if request.stand_in is not None and not request.bytes_sent:
            errand = request.stand_in.errand(request, refusal, self._metrics)
            if errand is not None:
                return errand
        self._write_page(request, refusal)
        return None

    def _write_page(self, request: Request, refusal: Refusal) -> None:
        """An error page; where the client has seen a part of another answer, the end of it."""
        if request.bytes_sent:
            request.keep_alive = False
            request.client.abort()
            return
        status = refusal.status
        accept = request.message.headers.get("Accept")
        content_type, body = self._pages.render(status, accept, request.request_id.decode())
        write_answer(request, Answer(status, content_type, body, refusal.lines))


def _abandon_exchange(request: Request) -> None:
    exchange, request.client.exchange = request.client.exchange, None
    if exchange is not None:
        exchange.abandon()


def _refusal(request: Request, failure: Failure) -> Refusal:
    """What a failure means for the client. Where it was that of a stand-in, or a pod's own answer
    was not to be passed on, that is known already.
    """
    return request.refusal or Refusal(FAILURE_STATUS[failure])
