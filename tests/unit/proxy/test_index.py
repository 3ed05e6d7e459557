"""The matchers of hosts, and when they are made anew."""

from __future__ import annotations

from support.proxies import environment, route

from ingressd.proxy.index import RouteIndex
from ingressd.proxy.plan import RoutePlan
from ingressd.routing.delta import Delta
from ingressd.routing.global_policy import DEFAULT_GLOBAL_POLICY, GlobalPolicy
from ingressd.routing.model import CATCH_ALL, EVERY_HOST, Host
from ingressd.routing.policy import Policy


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
    assert plan_of(made, "a.test") not in (None, a)
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


async def test_paths_that_no_route_takes_share_one_plan() -> None:
    made = Index(host("a.test", "/x"), host("b.test", "/x"), host("c.test"))
    nothing = plan_of(made, "a.test")
    assert nothing is not None
    assert (nothing.route.host, nothing.body_limit) == (EVERY_HOST, 0)
    assert plan_of(made, "b.test") is nothing
    plan_of(made, "c.test")
    made.apply(Delta(2, global_policy=GlobalPolicy(unmatched=Policy(is_logged=False))))
    changed = plan_of(made, "a.test")
    assert changed is not None
    assert not changed.route.policy.is_logged


async def test_nothing_holds_for_a_path_that_only_rules_without_a_host_could_take() -> None:
    made = Index(host(CATCH_ALL, "/x"))
    assert plan_of(made, "a.test") is None
