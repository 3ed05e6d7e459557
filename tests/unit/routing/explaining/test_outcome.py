from __future__ import annotations

import pytest
from msgspec import structs
from support.routes import host, route, table, upstream

from ingressd.routing.deciding.redirects import Ports
from ingressd.routing.explaining.outcome import Action, Outcome, Query, decide, refused
from ingressd.routing.global_policy import Blocklists, GlobalPolicy
from ingressd.routing.matcher import Match
from ingressd.routing.model import Route, Upstream
from ingressd.routing.patterns import compile_pattern
from ingressd.routing.policy import (
    Access,
    BasicAuth,
    CookieAffinity,
    Cors,
    ExternalAuth,
    LoadBalance,
    Policy,
    Redirect,
    Rewrite,
    TlsRedirect,
    UpstreamPolicy,
)
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


@pytest.mark.parametrize("own", [None, Upstream("default/web:80", unavailable="it is gone")])
def test_a_default_backend_answers_in_the_place_of_503(own: Upstream | None) -> None:
    spare = upstream("default/sorry:", "10.0.0.9")
    ready = table(host("Prefix /"), upstreams=(spare, *([own] if own is not None else [])))
    target = route("Prefix", "/foo", policy=Policy(default_backend=spare.key))
    found = outcome(target, among=ready)
    assert (found.action, found.forwarded, found.upstream) == (Action.FORWARD, "/foo?q=1", spare)
    assert "default backend default/sorry answers" in found.reason
    empty = table(host("Prefix /"), upstreams=(Upstream(spare.key),))
    assert outcome(target, among=empty).status == 503
    assert outcome(target).upstream == READY.upstreams["default/web:80"]


def test_a_rewrite_that_leaves_nothing_is_refused() -> None:
    rewriting = route("Regex", "/foo(.*)", policy=Policy(rewrite=Rewrite("$1")))
    groups = compile_pattern(rewriting.path).match("/foo")
    found = decide(READY, PLAIN, Match(rewriting, groups), host=PLAIN.host, path=PLAIN.path)
    assert (found.action, found.status) == (Action.REFUSE, 500)


@pytest.mark.parametrize(
    ("redirect", "status", "location"),
    [
        (Redirect("https://b.example.com/", 301), 301, "https://b.example.com/"),
        (Redirect("/app"), 302, "http://A.example.com:8080/app"),
        (Redirect(host="b.example.com"), 308, "http://b.example.com:8080/foo?q=1"),
    ],
)
def test_a_route_that_only_redirects(redirect: Redirect, status: int, location: str) -> None:
    query = structs.replace(PLAIN, host="A.example.com:8080", ports=Ports(8080, 8443))
    policy = Policy(redirect=redirect, tls_redirect=TlsRedirect.ALWAYS)
    found = outcome(route("Prefix", "/", policy=policy), query)
    assert (found.action, found.status, found.location) == (Action.REDIRECT, status, location)


@pytest.mark.parametrize(
    ("method", "headers", "action"),
    [
        ("OPTIONS", (("origin", "https://b.test"),), Action.ANSWER),
        ("OPTIONS", (("Origin", "https://c.test"),), Action.FORWARD),
        ("OPTIONS", (), Action.FORWARD),
        ("GET", (("Origin", "https://b.test"),), Action.FORWARD),
    ],
)
def test_questions_of_other_origins_are_answered(
    method: str, headers: tuple[tuple[str, str], ...], action: Action
) -> None:
    shared = route("Prefix", "/", policy=Policy(cors=Cors(origins=("https://b.test",))))
    found = outcome(shared, structs.replace(PLAIN, method=method, headers=headers))
    assert found.action is action
    assert found.status == (204 if action is Action.ANSWER else 0)


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


def test_a_closed_route_says_so() -> None:
    found = outcome(
        structs.replace(route("Exact", "/"), backend=None, policy=Policy(is_closed=True))
    )
    assert (found.status, found.reason) == (
        503,
        "the rule is closed: a protection that is asked for cannot be given",
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


@pytest.mark.parametrize(
    ("policy", "client_ip_timeout", "balancing"),
    [
        (UpstreamPolicy(hash_by="$uri"), 9, "by $uri: equal ones go to the same endpoint"),
        (
            UpstreamPolicy(hash_by="$uri", hash_by_subset=True),
            0,
            "by $uri: equal ones go to the same 3 endpoints",
        ),
        (
            UpstreamPolicy(load_balance=LoadBalance.EWMA),
            0,
            "of two endpoints at random, the one that has answered faster lately (ewma)",
        ),
        (
            UpstreamPolicy(load_balance=LoadBalance.EWMA),
            9,
            "by client address, kept for 9 s (sessionAffinity)",
        ),
    ],
)
def test_what_a_service_port_asks_for(
    policy: UpstreamPolicy, client_ip_timeout: int, balancing: str
) -> None:
    asking = structs.replace(upstream(), policy=policy, client_ip_timeout=client_ip_timeout)
    found = outcome(route("Prefix", "/"), among=table(upstreams=(asking,)))
    assert found.balancing == balancing


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


PROTECTED = Access(allow=("10.0.0.0/8",), basic_auth=BasicAuth("default/users"))
LOGGED_IN = structs.replace(PLAIN, headers=(("Authorization", "Basic x"),))


def test_without_a_password_a_request_is_refused() -> None:
    protected = route("Prefix", "/foo", policy=Policy(access=PROTECTED))
    found = outcome(protected)
    assert (found.action, found.status) == (Action.REFUSE, 401)
    assert "no Authorization" in found.reason
    assert outcome(protected, LOGGED_IN).action is Action.FORWARD


@pytest.mark.parametrize(
    ("signin", "location"),
    [
        (
            "https://auth.test/start",
            "https://auth.test/start?rd=https://a.example.com%2Ffoo%3Fq%3D1",
        ),
        ("/in?rd=$request_method", "https://a.example.com/in?rd=GET"),
    ],
)
def test_without_a_password_a_request_may_be_sent_to_sign_in(signin: str, location: str) -> None:
    auth = ExternalAuth("http://auth.test/", signin=signin)
    protected = route("Prefix", "/foo", policy=Policy(access=PROTECTED, external_auth=auth))
    found = outcome(protected, structs.replace(PLAIN, scheme="https"))
    assert (found.action, found.status) == (Action.REDIRECT, 302)
    assert found.location == location
    assert found.upstream == READY.upstreams["default/web:80"]
    assert "no Authorization" in found.reason


@pytest.mark.parametrize(
    ("access", "condition"),
    [
        (Access(), "; the answer is the pod's own"),
        (PROTECTED, ", if the client's address is admitted and the password is right"),
        (
            structs.replace(PROTECTED, any_suffices=True),
            ", if the client's address is admitted or the password is right",
        ),
    ],
)
def test_what_cannot_be_known_is_a_condition(access: Access, condition: str) -> None:
    found = outcome(route("Prefix", "/foo", policy=Policy(access=access)), LOGGED_IN)
    assert found.reason.endswith(condition)


def test_a_service_that_has_a_say_is_named() -> None:
    policy = Policy(external_auth=ExternalAuth("http://auth.test/"))
    condition = ", if http://auth.test/ admits the request"
    assert outcome(route("Prefix", "/foo", policy=policy)).reason.endswith(condition)
    exempt = route("Prefix", "/.well-known/acme-challenge/x", policy=policy)
    assert not outcome(exempt).reason.endswith(condition)


def test_what_the_configmap_blocks_is_refused_before_all_else() -> None:
    blocklists = Blocklists(user_agents=("~*bot",), referers=('""',))
    among = structs.replace(READY, global_policy=GlobalPolicy(blocklists=blocklists))
    moved = route("Prefix", "/foo", policy=Policy(redirect=Redirect("https://b.test/")))
    for headers, status in (
        ((("User-Agent", "GoogleBot"), ("Referer", "x")), 403),
        ((), 403),
        ((("Referer", "x"),), 302),
    ):
        assert outcome(moved, structs.replace(PLAIN, headers=headers), among).status == status
