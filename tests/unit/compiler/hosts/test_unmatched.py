from __future__ import annotations

import pytest
from msgspec import structs
from support.objects import ingress, path, rule

from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.hosts.host import compile_host
from ingressd.compiler.hosts.unmatched import DefaultBackend, Unmatched
from ingressd.compiler.ingresses.ingress import compile_ingress
from ingressd.compiler.settings import CompilerSettings
from ingressd.compiler.unmatched import usual_policy
from ingressd.resources.ingress import Ingress
from ingressd.routing.model import CATCH_ALL, Backend, PathKind, Route
from ingressd.routing.policy import Access, ClientCertificates, HostPolicy, Policy, TlsRedirect

HOST = "a.test"
ERRORS = Backend("ops", "errors", "")
LISTED = {"allowlist-source-range": "10.0.0.0/8"}
BASE = Directives(policy=Policy(tls_redirect=TlsRedirect.ALWAYS))


def owner(name: str, *paths: str, year: int = 2026, host: str = HOST, **notes: str) -> Ingress:
    annotations = {key.replace("_", "-"): text for key, text in notes.items()}
    entries = (path(text) for text in paths or ("/x",))
    return ingress(
        name, rule(host, *entries), created=f"{year}-01-01T00:00:00Z", annotations=annotations
    )


def fallback(
    *ingresses: Ingress,
    flag: Backend | None = None,
    base: Directives | None = None,
    host: str = HOST,
    settings: HostPolicy | None = None,
) -> Route | None:
    flags = CompilerSettings(default_backend_service="ops/errors" if flag else "")
    began = base or Directives()
    units = [compile_ingress(each, {}, flags, began) for each in ingresses]
    claims = [unit.claims[host] for unit in units]
    if settings is not None:
        claims = [structs.replace(claim, host_policy=settings) for claim in claims]
    default = DefaultBackend(flag) if flag else None
    made = compile_host(host, claims, Unmatched(usual_policy(began), default))
    assert made.host is not None
    return made.host.fallback


def test_a_host_whose_ingress_says_nothing_costs_nothing() -> None:
    assert fallback(owner("web")) is None
    assert fallback(owner("web", proxy_body_size="8m", affinity="cookie")) is None


def test_the_oldest_ingress_decides() -> None:
    old, young = owner("old", year=2020, **LISTED), owner("young", ssl_redirect="false")
    made = fallback(old, young)
    assert made == Route(
        HOST, "/", PathKind.UNMATCHED, "default/old", "metadata.annotations",
        policy=Policy(access=Access(allow=("10.0.0.0/8",))),
    )  # fmt: skip
    assert made.leads_nowhere
    assert fallback(owner("plain", year=2020), owner("young", **LISTED)) is None


def test_rewrites_do_not_reach_it() -> None:
    assert fallback(owner("web", "/x(.*)", rewrite_target="/$1", use_regex="true")) is None


def test_who_cannot_be_protected_is_closed() -> None:
    made = fallback(owner("web", allowlist_source_range="nonsense"))
    assert made is not None
    assert made.policy.is_closed
    assert not made.leads_nowhere


@pytest.mark.parametrize("paths", [("/",), ("/x", "/")])
def test_where_a_rule_takes_every_path_there_is_none(paths: tuple[str, ...]) -> None:
    assert fallback(owner("web", *paths, **LISTED)) is None


def test_a_regular_expression_for_all_takes_every_path() -> None:
    assert fallback(owner("web", "/", "/x.*", use_regex="true", **LISTED)) is None


def test_exactly_the_root_does_not_take_the_others() -> None:
    root = ingress("web", rule(HOST, path("/", "Exact")), annotations=LISTED)
    assert fallback(root) is not None


def test_what_holds_for_all_is_no_route_of_a_host() -> None:
    assert fallback(owner("web"), base=BASE) is None
    made = fallback(owner("web", force_ssl_redirect="false"), base=Directives(
        policy=BASE.policy, force_ssl_redirect=True))  # fmt: skip
    assert made is not None
    assert made.policy.tls_redirect is TlsRedirect.WITH_TLS


def test_nobodys_settings_hold_where_no_host_is_named() -> None:
    assert fallback(owner("web", host=CATCH_ALL, **LISTED), host=CATCH_ALL) is None
    made = fallback(owner("web", host=CATCH_ALL, **LISTED), host=CATCH_ALL, flag=ERRORS)
    assert made == Route(CATCH_ALL, "/", PathKind.PREFIX, "", "--default-backend-service", ERRORS)


def test_the_default_backend_of_all_has_the_policy_of_the_oldest() -> None:
    made = fallback(owner("web", **LISTED), flag=ERRORS)
    assert made is not None
    assert (made.backend, made.ingress) == (ERRORS, "default/web")
    assert made.policy.access.allow == ("10.0.0.0/8",)
    limited = fallback(owner("web", proxy_body_size="8m"), flag=ERRORS)
    assert limited is not None
    assert limited.policy.body_limit == 8 << 20


def test_the_default_backend_of_all_has_what_holds_for_all_otherwise() -> None:
    made = fallback(owner("web"), flag=ERRORS, base=BASE)
    assert made is not None
    assert (made.ingress, made.policy) == ("", BASE.policy)


def test_a_closed_ingress_leads_to_no_default_backend() -> None:
    made = fallback(owner("web", allowlist_source_range="nonsense"), flag=ERRORS)
    assert made is not None
    assert made.backend is None
    assert not made.leads_nowhere


def test_who_asks_for_certificates_asks_for_every_path() -> None:
    wanted = HostPolicy(client_certificates=ClientCertificates("default/ca"))
    made = fallback(owner("web"), settings=wanted)
    assert made is not None
    assert made.leads_nowhere


@pytest.mark.parametrize(
    "settings",
    [HostPolicy(client_certificates=ClientCertificates("")), HostPolicy(is_denied=True)],
)
def test_a_closed_host_is_closed_for_every_path(settings: HostPolicy) -> None:
    made = fallback(owner("web"), settings=settings)
    assert made is not None
    assert made.policy.is_closed
