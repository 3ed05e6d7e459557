"""Which filters and which balancer a policy asks for, and in which order."""

from __future__ import annotations

from support.proxies import SETTINGS, route

from ingressd.proxy.filters.redirect import RewriteFilter, RewriteRedirectFilter, TlsRedirectFilter
from ingressd.proxy.plan import SERVICE_AFFINITY, RoutePlan, build_plan
from ingressd.proxy.upstream.balancing import CookieBalancer
from ingressd.routing.policy import CookieAffinity, Policy, Rewrite, Timeouts, TlsRedirect

OFF = TlsRedirect.OFF


def plan(policy: Policy) -> RoutePlan:
    return build_plan(route(policy=policy), SETTINGS, lambda host: False)


def kinds(policy: Policy) -> list[type]:
    return [type(step) for step in plan(policy).filters]


def test_a_route_that_asks_for_nothing_has_no_filter() -> None:
    assert kinds(Policy(tls_redirect=OFF)) == []
    assert plan(Policy(tls_redirect=OFF)).balancer is SERVICE_AFFINITY


def test_tls_comes_before_a_rewrite_and_after_a_rewrite_that_leads_elsewhere() -> None:
    assert kinds(Policy()) == [TlsRedirectFilter]
    assert kinds(Policy(rewrite=Rewrite("/x"))) == [TlsRedirectFilter, RewriteFilter]
    elsewhere = Policy(rewrite=Rewrite("https://b.test/"))
    assert kinds(elsewhere) == [RewriteRedirectFilter, TlsRedirectFilter]


def test_affinity_timeouts_and_upstream() -> None:
    policy = Policy(affinity=CookieAffinity(), timeouts=Timeouts(read=1))
    made = plan(policy)
    assert isinstance(made.balancer, CookieBalancer)
    assert (made.timeouts.read, made.upstream) == (1, "default/web:80")


def test_a_route_without_backend_has_no_upstream() -> None:
    assert build_plan(route(backend=None), SETTINGS, lambda host: False).upstream == ""
