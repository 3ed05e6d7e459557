"""Who may come: addresses and authentication together (ingress-nginx ``satisfy``).

As in nginx's access phase, addresses are looked at first. With ``all``, the first refusal counts.
With ``any``, one admission suffices; where there is none, 401 counts more than 403, so that a
client learns that it can log in.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import TypeAlias

from ingressd.proxy.client.request import Request
from ingressd.proxy.environment import Environment
from ingressd.proxy.filters.basic_auth import basic_auth
from ingressd.proxy.filters.external_auth import external_auth
from ingressd.proxy.filters.filter import Refusal, RequestFilter, Stop, Wait
from ingressd.routing.deciding.access import AddressRules, Standing, needs_no_auth
from ingressd.routing.model import Route
from ingressd.routing.patterns import Groups

AUTH_CHECKS: tuple[Callable[[Route, Environment], RequestFilter | None], ...] = (
    basic_auth,
    external_auth,
)
"""Ways to find out who a client is, in the order of nginx's modules. A check answers 401 or 403
where it refuses; any other end is a failure, which no other check makes good."""

FORBIDDEN = Refusal(403)
_REFUSALS = (401, 403)

_Steps: TypeAlias = Generator[Wait, Stop | None, Stop | None]
"""Yields what has to be waited for, is sent how that ended, and returns the end of all."""


def access(route: Route, environment: Environment) -> AccessFilter | None:
    """For a policy that does not let everybody in."""
    policy = route.policy.access
    rules = AddressRules(policy, environment.current.table.global_policy.blocklists.networks)
    checks: tuple[RequestFilter, ...] = ()
    if not needs_no_auth(route):
        made = (build(route, environment) for build in AUTH_CHECKS)
        checks = tuple(check for check in made if check is not None)
    if not rules and not checks:
        return None
    return AccessFilter(rules, checks, any_suffices=policy.any_suffices)


class AccessFilter:
    """Refuse clients by address and by what they can say who they are."""

    def __init__(
        self, rules: AddressRules, checks: tuple[RequestFilter, ...], *, any_suffices: bool
    ) -> None:
        self._standing = rules.standing
        self._checks = checks
        self._any_suffices = any_suffices

    def __call__(self, request: Request, groups: Groups | None) -> Stop | Wait | None:
        """Let the client in, refuse it, or wait for one of the checks."""
        standing = self._standing(request.remote)
        if not self._any_suffices:
            if standing is Standing.REFUSED:
                return FORBIDDEN
            return _walk(self._all(request, groups))
        if standing is Standing.ADMITTED:
            return None
        refusal = FORBIDDEN if standing is Standing.REFUSED else None
        return _walk(self._any(request, groups, refusal))

    def _all(self, request: Request, groups: Groups | None) -> _Steps:
        for check in self._checks:
            stop = yield from _ended(check(request, groups))
            if stop is not None:
                return stop
        return None

    def _any(self, request: Request, groups: Groups | None, refusal: Stop | None) -> _Steps:
        for check in self._checks:
            stop = yield from _ended(check(request, groups))
            if stop is None or stop.status not in _REFUSALS:
                return stop
            if refusal is None or refusal.status != 401:
                refusal = stop
        return refusal


def _ended(end: Stop | Wait | None) -> _Steps:
    return (yield end) if callable(end) else end


def _walk(steps: _Steps, ended: Stop | None = None) -> Stop | Wait | None:
    """The end, or what leads to it if the next step has to wait. ``ended`` is how the last did."""
    try:
        wait = steps.send(ended)
    except StopIteration as over:
        end: Stop | None = over.value
        return end
    return partial(_go_on, steps, wait)


async def _go_on(steps: _Steps, wait: Wait) -> Stop | None:
    end = _walk(steps, await wait())
    return await end() if callable(end) else end
