from __future__ import annotations

import pytest
from msgspec import structs
from support.routes import route

from ingressd.compiler.hosts.cookie_paths import told_of_cookies
from ingressd.resources.finding import Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.model import Route
from ingressd.routing.policy import CookieAffinity, Policy

WEB, API = ObjectKey("Ingress", "default", "web"), ObjectKey("Ingress", "default", "api")
STICKY = Policy(affinity=CookieAffinity())


def sticky(path: str, *, kind: str = "Regex", cookie_path: str | None = None) -> Route:
    policy = Policy(affinity=CookieAffinity(path=cookie_path))
    return route(kind, path, policy=policy)


@pytest.mark.parametrize("path", ["/api(/|$)(.*)", "/.*", "/v[12]", "/a|/b", "/a$", "/\\d"])
def test_a_cookie_for_an_expression_is_told(path: str) -> None:
    (found,) = told_of_cookies([sticky(path)])
    assert (found.code, found.severity) == ("CookiePathIsExpression", Severity.WARNING)
    assert (found.subject, found.field) == (WEB, "spec.rules[0].http.paths[0].path")
    assert path in found.message
    assert "session-cookie-path" in found.remedy


@pytest.mark.parametrize(
    "harmless",
    [
        sticky("/v1.0/a-b_c~d"),
        sticky("/api(.*)", cookie_path="/"),
        sticky("/a(b)", kind="Prefix"),
        route("Regex", "/api(.*)"),
    ],
)
def test_a_cookie_that_comes_back_is_not(harmless: Route) -> None:
    assert not list(told_of_cookies([harmless]))


def test_each_ingress_is_told_once() -> None:
    second = structs.replace(sticky("/b(.*)"), field="spec.rules[1].http.paths[0]")
    other = structs.replace(second, ingress=API.qualified_name)
    told = told_of_cookies([sticky("/a(.*)"), other, second])
    assert [(found.subject, found.field) for found in told] == [
        (WEB, "spec.rules[0].http.paths[0].path"),
        (API, "spec.rules[1].http.paths[0].path"),
    ]
