"""Requests that are refused or sent elsewhere for what they are (``ingressd.dev/denied-paths`` and
``ingressd.dev/redirect-if``)."""

from __future__ import annotations

from functools import partial

from ingressd.proxy.client.answer import Answer, redirect
from ingressd.proxy.client.request import Request
from ingressd.proxy.client.roles import Refusal
from ingressd.proxy.environment import Environment
from ingressd.proxy.variables import lookup_in
from ingressd.routing.deciding.conditions import Denials, RedirectRules
from ingressd.routing.model import Route
from ingressd.routing.patterns import Groups
from ingressd.routing.policy import Condition, Trait


def deny_paths(route: Route, environment: Environment) -> DenyFilter | None:
    """For a policy that denies some."""
    denied = route.policy.denied
    return DenyFilter(Denials(denied)) if denied else None


def redirect_if(route: Route, environment: Environment) -> RedirectIfFilter | None:
    """For a policy with conditions."""
    redirects = route.policy.redirects_if
    return RedirectIfFilter(route, RedirectRules(redirects)) if redirects else None


class DenyFilter:
    """Refuse whoever asks for one of the paths."""

    def __init__(self, denials: Denials) -> None:
        self._denials = denials

    def __call__(self, request: Request, groups: Groups | None) -> Refusal | None:
        """The refusal, or None for a request that goes on."""
        status = self._denials.status(request.path)
        return Refusal(status) if status else None


class RedirectIfFilter:
    """Send requests elsewhere that meet a condition."""

    def __init__(self, route: Route, rules: RedirectRules) -> None:
        self._route = route
        self._rules = rules

    def __call__(self, request: Request, groups: Groups | None) -> Answer | None:
        """The redirect, or None for a request that goes on."""
        lookup = lookup_in(request, self._route, groups)
        found = self._rules.find(partial(_text_of, request), lookup)
        return None if found is None else redirect(found.status, found.location)


def _text_of(request: Request, condition: Condition) -> str:
    match condition.trait:
        case Trait.HOST:
            return request.host
        case Trait.PATH:
            return request.path
        case Trait.SCHEME:
            return request.scheme
        case Trait.METHOD:
            return request.method
        case Trait.HEADER:
            return _field(request, condition.name.encode())


def _field(request: Request, wanted: bytes) -> str:
    """The field, its values joined with ", " where it came more than once."""
    values = (value for name, value in request.message.raw_headers if name.lower() == wanted)
    return b", ".join(values).decode("utf-8", "surrogateescape")
