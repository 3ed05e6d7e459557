"""A service is asked whether a request may pass (ingress-nginx ``auth-url`` and its family)."""

from __future__ import annotations

import time
from functools import partial

from ingressd.proxy.client.request import Request
from ingressd.proxy.environment import Environment
from ingressd.proxy.filters.filter import Refusal, Wait
from ingressd.proxy.headers import alike, without_alike
from ingressd.proxy.inquiry.courier import Unanswered
from ingressd.proxy.inquiry.decision import Decision, Reader
from ingressd.proxy.inquiry.inquiries import Inquiries
from ingressd.proxy.inquiry.memory import KeyMaker
from ingressd.proxy.inquiry.question import QuestionMaker
from ingressd.proxy.variables import lookup_in
from ingressd.routing.deciding.access import needs_no_auth
from ingressd.routing.model import Route
from ingressd.routing.patterns import Groups
from ingressd.routing.policy import ExternalAuth
from ingressd.routing.variables import parse_template

UNDECIDED = Refusal(500)
"""The service could not be asked, or answered neither yes nor no."""

COOKIE_STATUSES = frozenset({200, 201, 204, 206, 301, 302, 303, 304, 307, 308})
"""Answers with which cookies of the service reach the client (nginx ``add_header``)."""


def external_auth(route: Route, environment: Environment) -> ExternalAuthFilter | None:
    """For a policy that names a service."""
    auth = route.policy.external_auth
    if auth is None:
        return None
    return ExternalAuthFilter(route, auth, environment.inquiries)


def drop_claims(route: Route, environment: Environment) -> DropClaimsFilter | None:
    """For every route whose service tells pods something, whether or not it is asked this time."""
    auth = route.policy.external_auth
    if auth is None or needs_no_auth(route):
        return None
    return DropClaimsFilter(auth.response_headers) if auth.response_headers else None


class DropClaimsFilter:
    """Take away what only the service may say, such as who the user is."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = alike(name.encode() for name in names)

    def __call__(self, request: Request, groups: Groups | None) -> None:
        """The pod does not get what the client says there."""
        request.lines = without_alike(request.lines, self._names)


class ExternalAuthFilter:
    """Refuse requests that the service does not admit, with 401 or 403 as it says."""

    def __init__(self, route: Route, auth: ExternalAuth, inquiries: Inquiries) -> None:
        self._route = route
        self._inquiries = inquiries
        self._questions = QuestionMaker(auth)
        self._reader = Reader(auth)
        self._keys = KeyMaker(route, auth)
        self._cache_key = parse_template(auth.cache_key) if auth.cache_key else None
        self._always_sets_cookies = auth.always_set_cookie

    def __call__(self, request: Request, groups: Groups | None) -> Refusal | Wait | None:
        """Do as was decided before, or ask."""
        if self._cache_key is None:
            return partial(self._ask, request, groups, b"")
        lookup = lookup_in(request, self._route, groups)
        key = self._keys.key(request.host, self._cache_key.render(lookup))
        decision = self._inquiries.memory.find(key, time.monotonic())
        if decision is None:
            return partial(self._ask, request, groups, key)
        return self._follow(request, decision)

    async def _ask(self, request: Request, groups: Groups | None, key: bytes) -> Refusal | None:
        lookup = lookup_in(request, self._route, groups)
        try:
            question = self._questions.make(request, lookup)
            reply = await self._inquiries.courier.ask(question, self._route.policy.timeouts)
        except Unanswered:
            return UNDECIDED
        decision = self._reader.read(reply)
        if not decision.is_clear:
            self._inquiries.courier.complain(question, f"its answer is {reply.status}")
        seconds = self._reader.seconds_to_remember(reply) if key else 0
        if seconds:
            self._inquiries.memory.keep(key, decision, time.monotonic() + seconds)
        return self._follow(request, decision)

    def _follow(self, request: Request, decision: Decision) -> Refusal | None:
        if decision.cookies:
            edit = CookieEdit(decision.cookies, always=self._always_sets_cookies)
            request.answer_edits = (*request.answer_edits, edit)
            request.relay_edits = (*request.relay_edits, edit)
        if decision.admits:
            request.lines = [*request.lines, *decision.claims]
            return None
        if not decision.is_clear:
            return UNDECIDED
        return Refusal(decision.status, decision.challenges if decision.status == 401 else ())


class CookieEdit:
    """Give the client the cookies that the service sets."""

    def __init__(self, cookies: tuple[bytes, ...], *, always: bool) -> None:
        self._cookies = cookies
        self._always = always

    def __call__(self, request: Request, status: int, lines: list[bytes]) -> list[bytes]:
        """The lines with the cookies, where the status is one for them."""
        return [*lines, *self._cookies] if self._always or status in COOKIE_STATUSES else lines
