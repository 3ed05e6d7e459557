"""The matchers of hosts, and when they are made anew."""

from __future__ import annotations

from support.proxies import environment, route

from ingressd.proxy.index import RouteIndex
from ingressd.proxy.plan import RoutePlan
from ingressd.routing.delta import Delta
from ingressd.routing.global_policy import DEFAULT_GLOBAL_POLICY
from ingressd.routing.model import Host


def host(name: str, path: str = "/") -> Host:
    return Host(name, (route(path, host=name),))


class Index:
    """An index and the table it looks into."""

    def __init__(self, *hosts: Host) -> None:
        surroundings = environment()
        self._current = surroundings.current
        self._index = RouteIndex(surroundings)
        self.match = self._index.match
        self.apply(Delta(1, reset=True, hosts=hosts))

    def apply(self, delta: Delta) -> None:
        self._current.apply(delta)
        self._index.apply(delta)


def plan_of(made: Index, name: str, path: str = "/") -> RoutePlan | None:
    match = made.match(name, path)
    return match.target if match else None


async def test_exact_beats_wildcard_beats_catch_all() -> None:
    made = Index(host("a.test"), host("*.test"), host(""))
    hosts = [plan_of(made, name) for name in ("a.test", "b.test", "b.c.test")]
    assert [plan and plan.route.host for plan in hosts] == ["a.test", "*.test", ""]


async def test_a_change_makes_anew_only_what_it_names() -> None:
    made = Index(host("a.test"), host("b.test"))
    a, b = plan_of(made, "a.test"), plan_of(made, "b.test")
    made.apply(Delta(2, hosts=(host("a.test", "/x"),)))
    assert plan_of(made, "b.test") is b
    assert plan_of(made, "a.test") is None
    assert plan_of(made, "a.test", "/x") not in (None, a)
    made.apply(Delta(3, removed_hosts=("b.test",)))
    assert plan_of(made, "b.test") is None


async def test_a_reset_forgets_everything() -> None:
    made = Index(host("a.test"))
    plan_of(made, "a.test")
    made.apply(Delta(2, reset=True))
    assert plan_of(made, "a.test") is None


async def test_plans_are_made_from_the_global_policy_of_the_moment() -> None:
    made = Index(host("a.test"))
    before = plan_of(made, "a.test")
    made.apply(Delta(2, global_policy=DEFAULT_GLOBAL_POLICY))
    assert plan_of(made, "a.test") not in (None, before)
