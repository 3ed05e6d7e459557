from __future__ import annotations

import pytest
from support.objects import PREFIX, ingress, rule

from ingressd.compiler.annotations.row import Setting
from ingressd.compiler.hosts.aliases import Alias, compile_alias, other_names
from ingressd.compiler.hosts.host import CompiledHost, compile_host
from ingressd.compiler.ingresses.claims import Age, Claim
from ingressd.compiler.ingresses.ingress import compile_ingress
from ingressd.compiler.settings import CompilerSettings
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.model import Host, PathKind
from ingressd.routing.policy import ClientCertificates, HostPolicy, Redirect

WWW = Setting("host.www_redirect", f"{PREFIX}/from-to-www-redirect")
ALIASES = f"{PREFIX}/server-alias"


def claim(name: str, *, year: int = 2026, aliases: str = "", host: str = "a.test") -> Claim:
    annotations = {"server-alias": aliases} if aliases else {}
    made = ingress(
        name, rule(host, f"/{name}"), created=f"{year}-01-01T00:00:00Z", annotations=annotations
    )
    return compile_ingress(made, {}, CompilerSettings()).claims[host]


def merged(*claims: Claim, host: str = "a.test") -> CompiledHost:
    return compile_host(host, claims)


def wanted(host: str, name: str = "x.test", *, year: int = 2026, redirects: bool = False) -> Alias:
    subject = ObjectKey("Ingress", "default", f"of-{host}")
    age = Age(False, year, subject.qualified_name)
    return Alias(name, host, subject, age, ALIASES, redirects)


def aliases_of(compiled: CompiledHost) -> list[str]:
    return [alias.name for alias in compiled.aliases]


def test_a_host_has_the_aliases_of_its_oldest_ingress_that_names_any() -> None:
    compiled = merged(
        claim("silent", year=2024),
        claim("old", year=2025, aliases="b.test, a.test"),
        claim("new", aliases="c.test"),
    )
    assert aliases_of(compiled) == ["b.test"]
    (told,) = compiled.findings
    assert (told.subject.name, told.verdict) == ("new", "overridden")
    assert "default/old" in told.message


def test_who_says_the_same_loses_nothing() -> None:
    compiled = merged(claim("old", year=2025, aliases="b.test"), claim("new", aliases=" B.test."))
    assert (aliases_of(compiled), compiled.findings) == (["b.test"], ())


@pytest.mark.parametrize(
    ("host", "others"),
    [("a.test", ["www.a.test"]), ("www.a.test", ["a.test"]), ("*.a.test", []), ("", [])],
)
def test_the_other_form_of_a_host_redirects_to_it(host: str, others: list[str]) -> None:
    policy = HostPolicy(www_redirect=True)
    made = list(other_names(host, policy, [(claim("web"), WWW)]))
    assert [alias.name for alias in made] == others
    assert all(alias.redirects and alias.host == host for alias in made)
    assert not list(other_names(host, HostPolicy(), [(claim("web"), WWW)]))


def find(name: str) -> Host | None:
    route = claim("web", host=name).routes
    policy = HostPolicy(
        aliases=("x.test",), app_root="/app", client_certificates=ClientCertificates("default/ca")
    )
    return Host(name, route, has_tls=True, policy=policy)


def test_an_alias_is_its_host_under_another_name() -> None:
    compiled = compile_alias([wanted("a.test")], None, find, has_certificate=False)
    assert compiled.host is not None
    assert (compiled.host.name, compiled.host.routes[0].host) == ("x.test", "x.test")
    assert compiled.host.policy.app_root == "/app"
    assert compiled.host.policy.client_certificates == ClientCertificates("default/ca")
    assert compiled.host.policy.aliases == ()


@pytest.mark.parametrize("has_certificate", [True, False])
def test_an_alias_has_tls_where_a_certificate_covers_it(*, has_certificate: bool) -> None:
    made = compile_alias([wanted("a.test")], None, find, has_certificate=has_certificate)
    assert made.host is not None
    assert made.host.has_tls is has_certificate


def test_a_name_that_redirects_does_nothing_else() -> None:
    made = compile_alias([wanted("a.test", redirects=True)], None, find, has_certificate=True)
    assert made.host is not None
    (only,) = made.host.routes
    assert (only.kind, only.path) == (PathKind.PREFIX, "/")
    assert only.policy.redirect == Redirect(host="a.test")
    assert (made.host.fallback, made.host.policy) == (None, HostPolicy())


def test_a_rule_for_the_name_beats_every_alias() -> None:
    both = [wanted("a.test"), wanted("b.test")]
    compiled = compile_alias(both, claim("owner", host="x.test"), find, has_certificate=True)
    assert compiled.host is None
    assert sorted(told.subject.name for told in compiled.findings) == ["of-a.test", "of-b.test"]
    assert all("default/owner has a rule" in told.message for told in compiled.findings)


def test_of_two_hosts_that_want_a_name_the_one_of_the_older_ingress_gets_it() -> None:
    both = [wanted("a.test"), wanted("b.test", year=2025)]
    compiled = compile_alias(both, None, find, has_certificate=False)
    assert compiled.host == compile_alias(both[1:], None, find, has_certificate=False).host
    (told,) = compiled.findings
    assert told.subject.name == "of-a.test"
    assert "default/of-b.test" in told.message


def test_an_alias_of_what_is_not_served_is_not_served() -> None:
    compiled = compile_alias([wanted("a.test")], None, lambda _: None, has_certificate=True)
    assert (compiled.host, compiled.findings) == (None, ())
