from __future__ import annotations

from support.routes import host

from ingressd.routing.global_policy import GlobalPolicy
from ingressd.routing.model import CATCH_ALL, PathKind
from ingressd.routing.policy import Policy
from ingressd.routing.unmatched import unmatched_route

OF_ALL = GlobalPolicy(unmatched=Policy(is_logged=False))


def test_what_holds_for_all_holds_for_a_host_without_a_route_of_its_own() -> None:
    made = unmatched_route(host("Prefix /x"), OF_ALL)
    assert made is not None
    assert (made.host, made.kind, made.policy) == (
        "a.example.com",
        PathKind.UNMATCHED,
        OF_ALL.unmatched,
    )
    assert made.leads_nowhere


def test_a_default_backend_goes_before_that() -> None:
    among = host("Prefix /x", "default")
    assert unmatched_route(among, OF_ALL) is among.fallback


def test_nothing_holds_for_names_that_nobody_has() -> None:
    assert unmatched_route(host("Prefix /x", name=CATCH_ALL), OF_ALL) is None
