"""The table of the moment and its matchers."""

from __future__ import annotations

from support.proxies import SETTINGS, route

from ingressd.proxy.index import RouteIndex
from ingressd.proxy.plan import RoutePlan
from ingressd.routing.delta import Delta
from ingressd.routing.model import Host


def host(name: str, path: str = "/") -> Host:
    return Host(name, (route(path, host=name),))


def index(*hosts: Host) -> RouteIndex:
    made = RouteIndex(SETTINGS)
    made.apply(Delta(1, reset=True, hosts=hosts))
    return made


def plan_of(made: RouteIndex, name: str, path: str = "/") -> RoutePlan | None:
    match = made.match(name, path)
    return match.target if match else None


def test_exact_beats_wildcard_beats_catch_all() -> None:
    made = index(host("a.test"), host("*.test"), host(""))
    hosts = [plan_of(made, name) for name in ("a.test", "b.test", "b.c.test")]
    assert [plan and plan.route.host for plan in hosts] == ["a.test", "*.test", ""]


def test_a_change_makes_anew_only_what_it_names() -> None:
    made = index(host("a.test"), host("b.test"))
    a, b = plan_of(made, "a.test"), plan_of(made, "b.test")
    made.apply(Delta(2, hosts=(host("a.test", "/x"),)))
    assert plan_of(made, "b.test") is b
    assert plan_of(made, "a.test") is None
    assert plan_of(made, "a.test", "/x") not in (None, a)
    made.apply(Delta(3, removed_hosts=("b.test",)))
    assert plan_of(made, "b.test") is None
    assert made.table.generation == 3


def test_a_reset_forgets_everything() -> None:
    made = index(host("a.test"))
    plan_of(made, "a.test")
    made.apply(Delta(2, reset=True))
    assert plan_of(made, "a.test") is None
