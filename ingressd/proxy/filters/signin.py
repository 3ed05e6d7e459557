"""Who is not known is sent to where one signs in (ingress-nginx ``auth-signin``)."""

from __future__ import annotations

from functools import partial

from msgspec import structs

from ingressd.proxy.client.answer import redirect
from ingressd.proxy.client.request import Request
from ingressd.proxy.environment import Environment
from ingressd.proxy.filters.access import access
from ingressd.proxy.filters.filter import RequestFilter, Stop, Wait
from ingressd.proxy.filters.redirect import asked
from ingressd.proxy.settings import ProxySettings
from ingressd.proxy.variables import lookup_in
from ingressd.routing.deciding.redirects import location_of
from ingressd.routing.deciding.signin import SIGNIN_STATUS, signin_template
from ingressd.routing.model import Route
from ingressd.routing.patterns import Groups
from ingressd.routing.policy import ExternalAuth, Redirect
from ingressd.routing.variables import as_url


def access_or_signin(route: Route, environment: Environment) -> RequestFilter | None:
    """Access control, with a redirect in the place of 401 for a policy that says where to."""
    guard = access(route, environment)
    auth = route.policy.external_auth
    if guard is None or auth is None or not auth.signin:
        return guard
    return SigninFilter(guard, route, auth, environment.settings)


class SigninFilter:
    """Turn 401 into a redirect, whichever check it is from. The challenge stays, as in nginx."""

    def __init__(
        self, guard: RequestFilter, route: Route, auth: ExternalAuth, settings: ProxySettings
    ) -> None:
        self._guard = guard
        self._route = route
        self._template = signin_template(auth)
        self._settings = settings

    def __call__(self, request: Request, groups: Groups | None) -> Stop | Wait | None:
        """What the guard says, but for 401."""
        stop = self._guard(request, groups)
        if callable(stop):
            return partial(self._wait, stop, request, groups)
        return self._turned(stop, request, groups)

    async def _wait(self, wait: Wait, request: Request, groups: Groups | None) -> Stop | None:
        return self._turned(await wait(), request, groups)

    def _turned(self, stop: Stop | None, request: Request, groups: Groups | None) -> Stop | None:
        if stop is None or stop.status != 401:
            return stop
        where = as_url(self._template.render(lookup_in(request, self._route, groups)))
        about = asked(request, self._settings)
        location = location_of(Redirect(where), about, self._route.policy)
        answer = redirect(SIGNIN_STATUS, location)
        return structs.replace(answer, lines=(*answer.lines, *stop.lines))
