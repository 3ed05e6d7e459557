"""Error pages that a Service gives instead of us (ingress-nginx ``custom-http-errors``).

It is asked with the method of the client, and with the body where that is still here.
"""

from __future__ import annotations

from msgspec import structs

from ingressd.proxy.client.request import Request
from ingressd.proxy.client.roles import Edit, Errand, Refusal
from ingressd.proxy.environment import Environment
from ingressd.proxy.headers import without_alike
from ingressd.proxy.observing.metrics import Metrics
from ingressd.proxy.relaying.error_fields import ErrorFields
from ingressd.proxy.relaying.exchange import Exchange
from ingressd.proxy.relaying.forwarding import Forwarding
from ingressd.proxy.relaying.passage import Passage
from ingressd.proxy.upstream.balancing import ServiceAffinity
from ingressd.proxy.upstream.endpoints import PooledUpstream
from ingressd.proxy.upstream.response_head import REASONS, Framing, ResponseHead
from ingressd.routing.model import Route
from ingressd.routing.policy import Policy

DENIALS = frozenset({401, 403})
"""Statuses of ours that stay errors whatever a default backend says."""

_ABOUT_A_PART = frozenset(
    {
        b"if-match",
        b"if-modified-since",
        b"if-none-match",
        b"if-range",
        b"if-unmodified-since",
        b"range",
    }
)
"""Fields about a state, or a part, of what was asked for: an error page is another thing."""

_PASSWORDS = frozenset({b"authorization"})
"""What no pod gets of a password that is checked here, be it wrong."""


def error_backend(route: Route, environment: Environment) -> ErrorBackend | None:
    """For a route with statuses that are not answered with our pages."""
    return ErrorBackend(route, environment) if route.policy.error_pages.statuses else None


class ErrorBackend:
    """Asks the default backend of a route, or else that of all routes, for a page."""

    def __init__(self, route: Route, environment: Environment) -> None:
        policy = route.policy
        plain, balancer = Policy(timeouts=policy.timeouts), ServiceAffinity()
        self._statuses = frozenset(policy.error_pages.statuses)
        self._own = policy.default_backend
        self._body_limit = policy.body_limit
        self._current = environment.current
        self._find = environment.pool.get
        self._fields = ErrorFields(route)
        self._dropped = _ABOUT_A_PART | (_PASSWORDS if policy.access.basic_auth else frozenset())
        self._passage = Passage(plain, balancer, Exchange)
        self._guarded = Passage(plain, balancer, DenialExchange)

    def errand(self, request: Request, refusal: Refusal, metrics: Metrics) -> Errand | None:
        """What is to be done for the page of a refusal; None where it is to be ours."""
        upstream = self._upstream() if refusal.status in self._statuses else None
        if upstream is None:
            return None
        is_denial = request.refusal is None and refusal.status in DENIALS
        request.screen = request.stand_in = None
        request.refusal = refusal
        request.upstream = upstream
        lines = without_alike(self._fields.put(request, refusal.status), self._dropped)
        target = f"/?{request.query}" if request.query else "/"
        request.turn_to(target, lines, with_body=self._may_have_body(request))
        request.relay_edits = (*_adding(refusal.lines), *request.answer_edits)
        return Forwarding(request, self._guarded if is_denial else self._passage, metrics)

    def _may_have_body(self, request: Request) -> bool:
        """What was passed on as it came is gone, and what is too large is for nobody."""
        return request.is_body_at_hand and not request.carries_more_than(self._body_limit)

    def _upstream(self) -> PooledUpstream | None:
        for key in (self._own, self._current.table.global_policy.default_backend):
            upstream = self._find(key)
            if upstream is not None and upstream.endpoints:
                return upstream
        return None


class DenialExchange(Exchange):
    """Relays a page to who was denied access. It may look as it likes, but not like a success, nor
    lead elsewhere: of an answer below 400 the status stays ours.
    """

    __slots__ = ()

    def on_head(self, head: ResponseHead) -> None:
        """Put our status in the place of another one, with a length where it had no body."""
        refusal = self.request.refusal
        if refusal is not None and head.status < 400:
            is_empty = head.framing == Framing.NONE and not self.is_head
            head = structs.replace(
                head,
                status=refusal.status,
                reason=REASONS[refusal.status],
                length=0 if is_empty else head.length,
            )
        super().on_head(head)


def _adding(lines: tuple[bytes, ...]) -> tuple[Edit, ...]:
    """What adds these to the field lines of an answer."""
    return (lambda request, status, others: [*others, *lines],) if lines else ()
