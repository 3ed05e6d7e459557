"""Requests that are refused or sent elsewhere for what they are."""

from __future__ import annotations

import pytest
from support.proxies import environment, route
from support.requests import get

from ingressd.proxy.filters.conditions import deny_paths, redirect_if
from ingressd.proxy.filters.filter import Refusal
from ingressd.routing.policy import (
    Condition,
    ConditionalRedirect,
    DeniedPath,
    PathMatch,
    Policy,
    Trait,
)


async def test_a_denied_path_is_refused_however_it_is_written() -> None:
    denied = (DeniedPath(PathMatch.ELEMENTS, "/admin", 404),)
    act = deny_paths(route(policy=Policy(denied=denied)), environment())
    assert act is not None
    for target in (b"/admin", b"/%61dmin/x", b"//admin", b"/x/../admin?q"):
        assert act(get(target), None) == Refusal(404)
    assert act(get(b"/x?/admin"), None) is None


@pytest.mark.parametrize(
    ("condition", "is_met"),
    [
        (Condition(Trait.HOST, "a.test"), True),
        (Condition(Trait.PATH, "/p"), True),
        (Condition(Trait.PATH, "/p?q"), False),
        (Condition(Trait.SCHEME, "http"), True),
        (Condition(Trait.METHOD, "GET"), True),
        (Condition(Trait.METHOD, "POST"), False),
        (Condition(Trait.HEADER, "one, two", "x-kind"), True),
        (Condition(Trait.HEADER, "", "x-none"), True),
        (Condition(Trait.HEADER, ".", "x-none", is_regex=True), False),
    ],
)
async def test_what_conditions_look_at(condition: Condition, is_met: bool) -> None:
    redirects = (ConditionalRedirect(condition, 307, "https://b.test$request_uri"),)
    act = redirect_if(route(policy=Policy(redirects_if=redirects)), environment())
    assert act is not None
    answer = act(get(b"/p?q", b"X-Kind: one\r\nx-kind: two\r\n"), None)
    assert (answer is not None) is is_met
    if answer is not None:
        assert (answer.status, answer.lines) == (307, (b"Location: https://b.test/p?q\r\n",))


async def test_nothing_said_costs_nothing() -> None:
    assert deny_paths(route(), environment()) is redirect_if(route(), environment()) is None
