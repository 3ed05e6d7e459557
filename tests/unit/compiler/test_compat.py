from __future__ import annotations

import pytest
from msgspec import structs
from support.objects import ingress, path, rule

from ingressd.compiler.compat import compat_findings
from ingressd.compiler.settings import Compat, CompilerSettings
from ingressd.controller.controller import Controller
from ingressd.controller.self_signed import self_signed_certificate
from ingressd.resources.ingress import Ingress, IngressTLS
from ingressd.routing.global_policy import ClientAddress, GlobalPolicy
from ingressd.routing.model import PathKind
from ingressd.routing.table import Table
from ingressd.sources.events import Added, Synced

HOST = "a.test"
CERTIFICATE = self_signed_certificate(0.0)


def table(compat: Compat, *ingresses: Ingress) -> Table:
    controller = Controller(
        CompilerSettings(serve_every_class=True, from_files=True, compat=compat),
        fallback_certificate=CERTIFICATE,
        now=lambda: 0.0,
    )
    controller.apply([*map(Added, ingresses), Synced()])
    return controller.table


def differing(*ingresses: Ingress) -> dict[str, str]:
    """What is told, by Ingress."""
    told = compat_findings(table(Compat.EXACT, *ingresses), table(Compat.SANE, *ingresses))
    return {finding.subject.name: finding.message for finding in told}


def owner(name: str, *paths: object, tls: bool = False, **annotations: str) -> Ingress:
    return ingress(
        name,
        rule(HOST, *paths),  # type: ignore[arg-type]
        annotations={key.replace("_", "-"): text for key, text in annotations.items()},
        tls=(IngressTLS(hosts=(HOST,)),) if tls else (),
    )


REGEX = owner("regex", path("/x(.*)", "ImplementationSpecific"), use_regex="true")
OTHER = owner("other", path("/shop", "Exact"))


def kinds(compat: Compat) -> dict[str, PathKind]:
    return {route.path: route.kind for route in table(compat, REGEX, OTHER).hosts[HOST].routes}


def test_expressions_concern_the_paths_of_their_own_ingress() -> None:
    assert kinds(Compat.EXACT) == {"/x(.*)": PathKind.REGEX, "/shop": PathKind.REGEX}
    assert kinds(Compat.SANE) == {"/x(.*)": PathKind.REGEX, "/shop": PathKind.EXACT}
    told = differing(REGEX, OTHER)
    assert list(told) == ["other"]
    assert "paths are as their own Ingress writes them" in told["other"]


def test_a_path_that_is_no_expression_is_served() -> None:
    """Exact loses it: it cannot be read as the expression that another Ingress makes of it."""
    broken = owner("broken", path("/a(b", "Prefix"))
    assert list(differing(REGEX, broken)) == ["broken"]
    paths = [route.path for route in table(Compat.SANE, REGEX, broken).hosts[HOST].routes]
    assert paths == ["/x(.*)", "/a(b"]


@pytest.mark.parametrize(
    ("annotations", "is_told"),
    [
        ({}, True),
        ({"preserve_trailing_slash": "true"}, False),
        ({"preserve_trailing_slash": "false"}, False),
        ({"ssl_redirect": "false"}, False),
        ({"permanent_redirect": "/new"}, False),
    ],
)
def test_redirects_to_https_keep_a_trailing_slash(
    annotations: dict[str, str], is_told: bool
) -> None:
    told = differing(owner("web", "/", tls=True, **annotations))
    assert ("redirects to https keep a trailing slash" in told.get("web", "")) is is_told


def test_what_nothing_redirects_does_not_differ() -> None:
    assert differing(owner("web", "/")) == {}


@pytest.mark.parametrize(
    ("at", "annotations", "is_told"),
    [
        ("/shop", {"affinity": "cookie"}, True),
        ("/", {"affinity": "cookie"}, False),
        ("/shop", {"affinity": "cookie", "session_cookie_path": "/x"}, False),
        ("/shop", {}, False),
    ],
)
def test_a_session_cookie_is_for_the_whole_host(
    at: str, annotations: dict[str, str], is_told: bool
) -> None:
    web = owner("web", at, **annotations)
    assert ("the session cookie is for the whole host" in differing(web).get("web", "")) is is_told
    if is_told:
        (route,) = table(Compat.SANE, web).hosts[HOST].routes
        assert route.policy.affinity is not None
        assert route.policy.affinity.path == "/"


def proxied(table: Table, address: ClientAddress) -> Table:
    """The table of who believes proxies."""
    return structs.replace(table, global_policy=GlobalPolicy(client_address=address))


@pytest.mark.parametrize(
    ("annotations", "is_told", "is_told_behind_proxies"),
    [
        ({"permanent_redirect": "/new"}, True, True),
        ({"permanent_redirect": "/new", "relative_redirects": "true"}, False, False),
        ({"permanent_redirect": "https://b.test/new"}, False, False),
        ({"app_root": "/new"}, False, True),
        ({"auth_url": "http://auth.test/", "auth_signin": "/start"}, True, True),
        ({"auth_url": "http://auth.test/", "auth_signin": "https://auth.test/"}, False, False),
        ({}, False, False),
    ],
)
def test_redirects_to_a_path_lead_where_the_client_asked(
    annotations: dict[str, str], is_told: bool, is_told_behind_proxies: bool
) -> None:
    web = owner("web", "/", **annotations)
    words = "redirects to a path lead to the scheme, host and port that the client asked for"
    assert (words in differing(web).get("web", "")) is is_told
    for address in (ClientAddress(forwarded_headers=True), ClientAddress(proxy_protocol=True)):
        tables = (proxied(table(compat, web), address) for compat in Compat)
        told = compat_findings(*tables)
        assert any(words in finding.message for finding in told) is is_told_behind_proxies
    for compat in Compat:
        for route in table(compat, web).hosts[HOST].routes:
            assert route.policy.redirects_as_asked is (compat is Compat.SANE)


def test_the_other_form_of_a_name_redirects_as_asked() -> None:
    web = owner("web", "/", from_to_www_redirect="true")
    assert "the redirect to the other form of the name" in differing(web)["web"]
    (route,) = table(Compat.SANE, web).hosts[f"www.{HOST}"].routes
    assert route.policy.redirect is not None
    assert route.policy.redirect.as_asked
