"""Denied paths, and redirects on conditions."""

from __future__ import annotations

import pytest
from support.routes import host, route, table, upstream

from ingressd.routing.deciding.conditions import Denials, Destination, RedirectRules, condition_test
from ingressd.routing.explaining.outcome import Action, Outcome, Query, decide
from ingressd.routing.matcher import Match
from ingressd.routing.policy import (
    Condition,
    ConditionalRedirect,
    Cors,
    DeniedPath,
    PathMatch,
    Policy,
    Redirect,
    Trait,
)

DENIED = (
    DeniedPath(PathMatch.ELEMENTS, "/admin"),
    DeniedPath(PathMatch.ELEMENTS, "/dir/", 404),
    DeniedPath(PathMatch.EXACT, "/x", 410),
    DeniedPath(PathMatch.START, "/tmp", 503),
    DeniedPath(PathMatch.REGEX, r"/\.(git|env)$|^/start", 401),
)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/admin", 403), ("/admin/", 403), ("/admin/x", 403), ("/administrator", 0), ("/Admin", 0),
        ("/dir", 404), ("/dir/x", 404), ("/x", 410), ("/x/", 0), ("/tmpx", 503), ("/a/tmp", 0),
        ("/a/.git", 401), ("/a/.GIT", 401), ("/a\n/.env", 401), ("/.gitx", 0), ("/start/x", 401),
        ("/a/start", 0), ("/", 0),
    ],
)  # fmt: skip
def test_denied_paths(path: str, status: int) -> None:
    assert Denials(DENIED).status(path) == status


def test_what_denies_everything() -> None:
    assert Denials((DeniedPath(PathMatch.ELEMENTS, "/"),)).status("/any/path") == 403


@pytest.mark.parametrize(
    ("condition", "met", "not_met"),
    [
        (Condition(Trait.HOST, "A.Test"), ["a.test"], ["b.test", ""]),
        (Condition(Trait.METHOD, "POST"), ["POST"], ["post"]),
        (Condition(Trait.HEADER, "a", "x", is_negated=True), ["", "b"], ["a"]),
        (Condition(Trait.PATH, "b$", is_regex=True), ["/ab", "/B"], ["/ba"]),
        (Condition(Trait.PATH, "^/b", is_regex=True, is_negated=True), ["/a/b"], ["/b", "/Bc"]),
    ],
)
def test_conditions(condition: Condition, met: list[str], not_met: list[str]) -> None:
    test = condition_test(condition)
    assert [text for text in met if test(text) is False] == []
    assert [text for text in not_met if test(text) is not False] == []


def rules(*redirects: ConditionalRedirect) -> RedirectRules:
    return RedirectRules(redirects)


def on(trait: Trait, text: str, location: str, *, is_regex: bool = False) -> ConditionalRedirect:
    return ConditionalRedirect(Condition(trait, text, is_regex=is_regex), 301, location)


def test_the_first_condition_that_is_met_counts_and_lends_its_groups() -> None:
    made = rules(
        on(Trait.HOST, "b.test", "/never"),
        on(Trait.PATH, "/(a+)(x)?", "https://c.test/$1$2$scheme", is_regex=True),
        on(Trait.PATH, "/aa", "/later"),
    )
    texts = {Trait.HOST: "a.test", Trait.PATH: "/aa"}
    found = made.find(lambda condition: texts[condition.trait], lambda name: f"<{name}>")
    assert found == Destination(301, "https://c.test/aa<scheme>")


def test_groups_of_the_route_serve_where_the_condition_has_none() -> None:
    made = rules(on(Trait.PATH, "/aa", "/b/$1"))
    assert made.find(lambda _: "/aa", lambda name: f"group{name}") == (301, "/b/group1")
    assert made.find(lambda _: "/a", lambda _: "") is None


def test_what_comes_of_variables_is_a_url() -> None:
    made = rules(on(Trait.PATH, "/", "/$uri"))
    assert made.find(lambda _: "/", lambda _: "a\r\nb: é") == (301, "/a%0D%0Ab:%20%C3%A9")


READY = table(host("Prefix /"), upstreams=(upstream(),))


def outcome(policy: Policy, query: Query) -> Outcome:
    target = route("Prefix", "/", policy=policy)
    return decide(READY, query, Match(target), host=query.host, path=query.path)


def test_explain_knows_denied_paths_before_all_else() -> None:
    policy = Policy(denied=DENIED, cors=Cors(), redirect=Redirect("/x"))
    found = outcome(policy, Query("a.test", "/x", method="OPTIONS"))
    assert (found.action, found.status) == (Action.REFUSE, 410)


@pytest.mark.parametrize(
    ("redirect", "location"),
    [
        (on(Trait.HOST, "a.test", "https://b.test$request_uri"), "https://b.test/p?q=1"),
        (on(Trait.SCHEME, "http", "https://$host/$args"), "https://a.test/q=1"),
        (on(Trait.METHOD, "GET", "/$http_x_kind/$cookie_a"), "/old/$cookie_a"),
        (on(Trait.PATH, "/(.)", "/is/$1", is_regex=True), "/is/p"),
        (ConditionalRedirect(Condition(Trait.HEADER, "old", "x-kind"), 301, "/$1"), "/"),
    ],
)
def test_explain_knows_conditions_before_other_redirects(
    redirect: ConditionalRedirect, location: str
) -> None:
    query = Query("a.test", "/p", "q=1", headers=(("X-Kind", "old"),))
    found = outcome(Policy(redirects_if=(redirect,), redirect=Redirect("/x")), query)
    assert (found.action, found.status, found.location) == (Action.REDIRECT, 301, location)
