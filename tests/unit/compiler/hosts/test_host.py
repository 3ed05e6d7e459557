from __future__ import annotations

import random

from support.objects import PREFIX, ingress, path, rule

from ingressd.compiler.hosts.host import CompiledHost, compile_host
from ingressd.compiler.hosts.unmatched import DefaultBackend, Unmatched
from ingressd.compiler.ingresses.ingress import compile_ingress
from ingressd.compiler.settings import CompilerSettings
from ingressd.resources.ingress import HTTPIngressPath, Ingress, IngressTLS
from ingressd.routing.model import CATCH_ALL, Backend, Host
from ingressd.routing.policy import Policy, Redirect

HOST = "a.example.com"


def compiled(*ingresses: Ingress, name: str = HOST, default: Backend | None = None) -> CompiledHost:
    units = [compile_ingress(entry, {}, CompilerSettings()) for entry in ingresses]
    claims = [unit.claims[name] for unit in units if name in unit.claims]
    flagged = DefaultBackend(default) if default else None
    return compile_host(name, claims, Unmatched(default=flagged))


def host_of(result: CompiledHost) -> Host:
    assert result.host is not None
    return result.host


def routes(result: CompiledHost) -> list[str]:
    return [f"{r.kind.value} {r.path} {r.ingress}" for r in host_of(result).routes]


def owner(name: str, *paths: HTTPIngressPath | str, year: int = 2026, **rest: str) -> Ingress:
    created = f"{year}-01-01T00:00:00Z"
    annotations = {key.replace("_", "-"): value for key, value in rest.items()}
    return ingress(name, rule(HOST, *paths), created=created, annotations=annotations)


def test_longest_path_first_and_exact_before_prefix() -> None:
    result = compiled(owner("web", "/", "/foo/bar", "/foo", path("/foo", "Exact")))
    assert routes(result) == [
        "Prefix /foo/bar default/web",
        "Exact /foo default/web",
        "Prefix /foo default/web",
        "Prefix / default/web",
    ]


def test_duplicate_belongs_to_the_oldest_and_the_loser_is_told_its_name() -> None:
    result = compiled(owner("a-new", "/foo"), owner("z-old", "/foo/", year=2025))
    assert routes(result) == ["Prefix /foo default/z-old"]
    (told,) = result.findings
    assert (told.code, told.subject.name) == ("PathConflict", "a-new")
    assert "default/z-old" in told.message


def test_equal_age_goes_by_name_and_no_age_is_new() -> None:
    undated = ingress("a", rule(HOST, "/foo"), created=None)
    result = compiled(undated, owner("c", "/foo"), owner("b", "/foo"))
    assert routes(result) == ["Prefix /foo default/b"]
    assert sorted(f.subject.name for f in result.findings) == ["a", "c"]


def test_one_expression_makes_every_path_of_the_host_one() -> None:
    result = compiled(
        owner("asks", "/api/(.*)", use_regex="true"),
        owner("asked-not", "/foo", path("/foo/bar", "Exact"), "/foo[", year=2025),
    )
    assert routes(result) == [
        "Regex /api/(.*) default/asks",
        "Regex /foo/bar default/asked-not",
        "Regex /foo default/asked-not",
    ]
    assert [(f.code, f.subject.name) for f in result.findings] == [
        ("PathsBecameRegex", "asked-not"),
        ("RegexInvalid", "asked-not"),
    ]
    assert "default/asks" in result.findings[0].message


def test_expressions_of_equal_length_stand_in_descending_order() -> None:
    result = compiled(owner("web", "/a", "/c", "/b", "/long", use_regex="true"))
    assert [r.path for r in host_of(result).routes] == ["/long", "/c", "/b", "/a"]


def test_rewrite_to_the_path_itself_is_no_reason_for_expressions() -> None:
    assert routes(compiled(owner("web", "/", rewrite_target="/"))) == ["Prefix / default/web"]


def test_order_of_claims_does_not_matter() -> None:
    owners = [owner(f"i{n}", "/", f"/{n % 3}", year=2020 + n % 2) for n in range(8)]
    expected = compiled(*owners)
    shuffled = random.Random(1).sample(owners, len(owners))
    result = compiled(*shuffled)
    assert result == expected


def test_app_root_is_a_route_before_all_others_of_the_oldest_who_asks_for_it() -> None:
    result = compiled(
        owner("old", "/x", year=2020),
        owner("middle", path("/", "Exact"), year=2021, app_root="/app"),
        owner("young", "/(.*)", year=2022, use_regex="true", app_root="/other"),
    )
    assert routes(result)[0] == "Exact / default/middle"
    first = host_of(result).routes[0]
    assert first.field == f"metadata.annotations[{PREFIX}/app-root]"
    assert first.policy == Policy(redirect=Redirect("/app", keeps_port=True))
    assert [(told.code, told.subject.name) for told in result.findings][-1] == (
        "AnnotationOverridden",
        "young",
    )


def test_wildcard_has_no_form_with_www() -> None:
    wild = ingress("wild", rule("*.test", "/"), annotations={"from-to-www-redirect": "true"})
    result = compiled(wild, name="*.test")
    assert result.aliases == ()
    assert [told.verdict for told in result.findings] == ["no-op"]


def test_default_backend_of_all_hosts_is_redirected_nowhere() -> None:
    catch_all = ingress(
        "all", default="web:80", annotations={"app-root": "/app", "permanent-redirect": "/x"}
    )
    host = host_of(compiled(catch_all, name=CATCH_ALL))
    assert host.routes == ()
    assert host.fallback is not None
    assert host.fallback.policy == Policy()


def test_oldest_default_backend_takes_the_rest_of_the_host() -> None:
    old = ingress("old", rule(HOST), default="one:80", created="2025-01-01T00:00:00Z")
    new = ingress("new", rule(HOST, "/"), default="two:80")
    result = compiled(new, old, default=Backend("default", "errors", ""))
    fallback = host_of(result).fallback
    assert fallback is not None
    assert fallback.backend == Backend("default", "one", "80")
    assert [(f.code, f.subject.name) for f in result.findings] == [
        ("DefaultBackendConflict", "new")
    ]


def test_flagged_default_backend_belongs_to_no_ingress() -> None:
    fallback = host_of(compiled(owner("web", "/a"), default=Backend("ops", "errors", ""))).fallback
    assert fallback is not None
    assert (fallback.ingress, fallback.field) == ("", "--default-backend-service")


def test_without_any_default_backend_there_is_no_fallback() -> None:
    assert host_of(compiled(owner("web", "/a"))).fallback is None


def test_tls_of_any_ingress_counts_for_the_host() -> None:
    def has_tls(*tls: IngressTLS) -> bool:
        return host_of(compiled(owner("a", "/a"), ingress("b", rule(HOST, "/b"), tls=tls))).has_tls

    parent = HOST.partition(".")[2]
    assert has_tls(IngressTLS((HOST.upper(),), "cert"))
    assert has_tls(IngressTLS((f"*.{parent}",), "cert"))
    assert has_tls(IngressTLS((), "cert"))
    assert not has_tls(IngressTLS(("other.example.com",), "cert"))
    assert not has_tls()


def test_without_claims_there_is_no_host() -> None:
    assert compiled(name=CATCH_ALL).host is None


def test_path_that_looks_like_a_pattern_is_told_unless_the_host_takes_patterns() -> None:
    def told(*paths: str, **rest: str) -> list[str]:
        findings = compiled(owner("web", *paths, **rest)).findings
        return [f.field for f in findings if f.code == "PathTakenLiterally"]

    assert told("/foo/*", "/foo", "/a(b", "/v1/(.*)", "/q?x=1") == [
        f"spec.rules[0].http.paths[{number}].path" for number in (0, 3, 4)
    ]
    assert told("/foo/*", use_regex="true") == []


def test_a_cookie_whose_path_became_an_expression_is_told_whoever_asked_for_that() -> None:
    sticky = owner("sticky", "/api(.*)", affinity="cookie")
    assert "CookiePathIsExpression" not in [told.code for told in compiled(sticky).findings]
    result = compiled(sticky, owner("asking", "/other", use_regex="true"))
    told = [(f.code, f.subject.name) for f in result.findings]
    assert ("CookiePathIsExpression", "sticky") in told
    fixed = owner("sticky", "/api(.*)", affinity="cookie", session_cookie_path="/api")
    mended = compiled(fixed, owner("asking", "/other", use_regex="true")).findings
    assert "CookiePathIsExpression" not in [found.code for found in mended]


def test_a_path_that_is_lost_sets_no_cookie() -> None:
    both = [owner(name, "/api(.*)", affinity="cookie", use_regex="true") for name in "ab"]
    told = [(f.code, f.subject.name) for f in compiled(*both).findings]
    assert sorted(told) == [("CookiePathIsExpression", "a"), ("PathConflict", "b")]
