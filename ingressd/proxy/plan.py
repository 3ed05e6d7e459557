"""What happens to the requests of one route, worked out once from its policy."""

from __future__ import annotations

from collections.abc import Callable

from ingressd.proxy.client.answer import Answer
from ingressd.proxy.client.request import Request
from ingressd.proxy.filters.redirect import (
    RewriteFilter,
    RewriteRedirectFilter,
    TlsRedirectFilter,
)
from ingressd.proxy.settings import ProxySettings
from ingressd.proxy.upstream.balancing import Balancer, CookieBalancer, ServiceAffinity
from ingressd.routing.model import Route
from ingressd.routing.patterns import Groups
from ingressd.routing.policy import Timeouts, TlsRedirect
from ingressd.routing.rewriting import leads_elsewhere

RequestFilter = Callable[[Request, Groups | None], Answer | None]

SERVICE_AFFINITY = ServiceAffinity()


class RoutePlan:
    """A route with its filters in the order in which they act."""

    __slots__ = ("balancer", "filters", "route", "timeouts", "upstream")

    def __init__(
        self, route: Route, filters: tuple[RequestFilter, ...], balancer: Balancer
    ) -> None:
        self.route = route
        self.filters = filters
        self.balancer = balancer
        self.timeouts: Timeouts = route.policy.timeouts
        self.upstream = route.backend.upstream if route.backend is not None else ""


def build_plan(route: Route, settings: ProxySettings, has_tls: Callable[[str], bool]) -> RoutePlan:
    """The plan of a route. The order of filters is ingress-nginx's request phase order."""
    policy = route.policy
    filters: list[RequestFilter] = []
    rewrite = policy.rewrite
    if rewrite is not None and leads_elsewhere(rewrite):
        filters.append(RewriteRedirectFilter(rewrite))
    if policy.tls_redirect is not TlsRedirect.OFF:
        filters.append(TlsRedirectFilter(policy, has_tls, settings.https_port))
    if rewrite is not None and not leads_elsewhere(rewrite):
        filters.append(RewriteFilter(rewrite))
    balancer: Balancer = SERVICE_AFFINITY
    if policy.affinity is not None:
        balancer = CookieBalancer(policy.affinity, route.path, settings.affinity_key)
    return RoutePlan(route, tuple(filters), balancer)
