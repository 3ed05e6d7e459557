from __future__ import annotations

import pytest
from support.routes import host, route, table, upstream

from ingressd.routing.matcher import Match
from ingressd.routing.model import Route, Upstream
from ingressd.routing.outcome import Action, Outcome, Query, decide, refused
from ingressd.routing.patterns import compile_pattern
from ingressd.routing.policy import CookieAffinity, Policy, Rewrite, TlsRedirect
from ingressd.routing.table import Table

PLAIN = Query(host="a.example.com", path="/foo", query="q=1")
READY = table(host("Prefix /"), upstreams=(upstream(),))


def outcome(target: Route | None, query: Query = PLAIN, among: Table = READY) -> Outcome:
    match = None if target is None else Match(target)
    return decide(among, query, match, host=query.host, path=query.path)


def test_forwards_the_target_as_it_came() -> None:
    found = outcome(route("Prefix", "/foo"), Query(host="a.example.com", path="/f%6Fo", query="q"))
    assert (found.action, found.status) == (Action.FORWARD, 0)
    assert found.forwarded == "/f%6Fo?q"
    assert found.balancing == "round robin"
    assert found.upstream == READY.upstreams["default/web:80"]


def test_forwards_what_a_rewrite_makes_of_it() -> None:
    rewriting = route("Regex", "/foo(/|$)(.*)", policy=Policy(rewrite=Rewrite("/x/$2")))
    groups = compile_pattern(rewriting.path).match("/foo/bar")
    query = Query(host="a.example.com", path="/foo/bar", query="q")
    found = decide(READY, query, Match(rewriting, groups), host=query.host, path=query.path)
    assert found.forwarded == "/x/bar?q"


def test_a_rewrite_to_a_url_redirects_before_https_does() -> None:
    policy = Policy(rewrite=Rewrite("https://example.org/"), tls_redirect=TlsRedirect.ALWAYS)
    found = outcome(route("Prefix", "/foo", policy=policy))
    assert (found.action, found.status) == (Action.REDIRECT, 302)
    assert found.location == "https://example.org/?q=1"


def test_redirects_to_https_where_the_host_has_tls() -> None:
    secured = table(host("Prefix /", has_tls=True), upstreams=(upstream(),))
    found = outcome(route("Prefix", "/"), among=secured)
    assert (found.action, found.status) == (Action.REDIRECT, 308)
    assert found.location == "https://a.example.com/foo?q=1"
    assert found.upstream is not None
    over_tls = Query(host="a.example.com", path="/foo", scheme="https")
    assert outcome(route("Prefix", "/"), over_tls, secured).action is Action.FORWARD


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ((), "nothing is known of default/web:80"),
        ((Upstream("default/web:80"),), "default/web:80 has no endpoint that is ready"),
        (
            (Upstream("default/web:80", unavailable="Service default/web does not exist"),),
            "Service default/web does not exist",
        ),
    ],
)
def test_says_why_there_is_no_endpoint(known: tuple[Upstream, ...], reason: str) -> None:
    found = outcome(route("Prefix", "/"), among=table(host("Prefix /"), upstreams=known))
    assert (found.action, found.status, found.reason) == (Action.UNAVAILABLE, 503, reason)


def test_a_route_without_backend_is_503() -> None:
    found = outcome(Route("a.example.com", "/", route("Exact", "/").kind, "default/web", "spec"))
    assert (found.status, found.reason) == (
        503,
        "the rule names no Service that ingressd can send to",
    )


def test_nothing_matches() -> None:
    assert (outcome(None).action, outcome(None).status) == (Action.NOT_FOUND, 404)


@pytest.mark.parametrize(("bad_host", "word"), [(True, "host"), (False, "path")])
def test_refuses_what_cannot_be_read(bad_host: bool, word: str) -> None:
    found = refused(PLAIN, bad_host=bad_host)
    assert found.status == 400
    assert f"not a valid {word}" in found.reason


@pytest.mark.parametrize(
    ("cookies", "balancing"),
    [
        ((), "any endpoint; the answer sets the cookie route, which then decides"),
        ((("Cookie", "a=b; route=x"),), "the cookie route decides (balanced affinity)"),
    ],
)
def test_cookie_affinity(cookies: tuple[tuple[str, str], ...], balancing: str) -> None:
    sticky = route("Prefix", "/", policy=Policy(affinity=CookieAffinity(name="route")))
    query = Query(host="a.example.com", path="/", headers=cookies)
    assert outcome(sticky, query).balancing == balancing


def test_client_ip_affinity() -> None:
    sticky = Upstream("default/web:80", upstream().endpoints, client_ip_timeout=10800)
    found = outcome(route("Prefix", "/"), among=table(upstreams=(sticky,)))
    assert found.balancing == "by client address, kept for 10800 s (sessionAffinity)"


def test_says_whose_tls_the_redirect_is_for() -> None:
    sibling = table(host("Prefix /"), host(name="*.example.com", has_tls=True))
    own = table(host("Prefix /", has_tls=True))
    assert outcome(route("Prefix", "/"), among=sibling).reason == (
        "*.example.com has spec.tls, which counts for a.example.com; the rule does not opt out"
    )
    assert outcome(route("Prefix", "/"), among=own).reason == (
        "an Ingress of a.example.com has spec.tls; the rule does not opt out"
    )
    always = route("Prefix", "/", policy=Policy(tls_redirect=TlsRedirect.ALWAYS))
    assert outcome(always).reason == (
        "the route asks for https always, with or without a certificate"
    )
