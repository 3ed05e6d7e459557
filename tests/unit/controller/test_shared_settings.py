"""Settings of hosts and Service ports as Ingresses that share them come and go."""

from __future__ import annotations

from msgspec import structs
from support.certificates import CertificateAuthority
from support.objects import all_of, endpoint_slice, ingress, path, rule, service, tls_secret
from support.routes import certificate

from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.controller import Controller
from ingressd.controller.observing import Change
from ingressd.resources.ingress import Ingress, IngressTLS
from ingressd.resources.metadata import Resource
from ingressd.routing.delta import Delta
from ingressd.routing.model import Endpoint
from ingressd.sources.events import Added, Deleted, Modified

AUTHORITY = CertificateAuthority()
PAIR = AUTHORITY.leaf("a.test", "alias.test")
CERT = tls_secret("cert", PAIR.chain, PAIR.private_key)
FALLBACK = certificate("ingress.local", fingerprint="fallback", secret="")
WEB = service("web", cluster_ip="10.96.0.1")
PODS = endpoint_slice("web", "10.0.0.1")


def owner(name: str, host: str = "a.test", *, year: int = 2026, **annotations: str) -> Ingress:
    return ingress(
        name,
        rule(host, path(f"/{name}", to="web:80")),
        created=f"{year}-01-01T00:00:00Z",
        annotations={key.replace("_", "-"): text for key, text in annotations.items()},
    )


MAIN = owner("main", server_alias="alias.test")


def serving(*resources: Resource) -> Controller:
    made = Controller(
        CompilerSettings(), fallback_certificate=FALLBACK, now=lambda: PAIR.not_after - 60
    )
    made.apply(all_of(WEB, PODS, *resources))
    return made


def paths(made: Controller, host: str) -> list[str]:
    found = made.table.hosts.get(host)
    return [] if found is None else [route.path for route in found.routes]


def names(delta: Delta | None) -> set[str]:
    assert delta is not None
    return {host.name for host in delta.hosts} | set(delta.removed_hosts)


def told(made: Controller) -> list[tuple[str, str]]:
    found = (f for f in made.findings if f.verdict == "overridden")
    return [(finding.subject.name, finding.message) for finding in found]


def test_an_alias_follows_every_ingress_of_its_host() -> None:
    made = serving(MAIN, owner("elsewhere", "b.test"))
    delta = made.apply([Added(owner("second"))])
    assert names(delta) == {"a.test", "alias.test"}
    assert paths(made, "alias.test") == ["/second", "/main"]
    delta = made.apply([Deleted(MAIN.key)])
    assert names(delta) == {"a.test", "alias.test"}
    assert set(made.table.hosts) == {"a.test", "b.test"}


def test_an_alias_is_given_up_to_a_rule_and_comes_back() -> None:
    made = serving(MAIN)
    heard: list[Change] = []
    made.observe(heard.append)
    claimant = owner("claimant", "alias.test")
    delta = made.apply([Added(claimant)])
    assert names(delta) == {"alias.test"}
    assert paths(made, "alias.test") == ["/claimant"]
    assert heard[-1].ingresses == {MAIN.key, claimant.key}
    assert [who for who, _ in told(made)] == ["main"]
    assert list(made.findings_of(MAIN.key)) == list(made.findings)
    made.apply([Deleted(claimant.key)])
    assert paths(made, "alias.test") == ["/main"]
    assert told(made) == []


def test_a_changed_list_drops_one_name_and_adds_another() -> None:
    made = serving(MAIN)
    delta = made.apply([Modified(owner("main", server_alias="new.test"))])
    assert names(delta) == {"a.test", "alias.test", "new.test"}
    assert set(made.table.hosts) == {"a.test", "new.test"}


def test_an_alias_passes_to_the_next_who_wants_it() -> None:
    other = owner("other", "b.test", server_alias="alias.test", year=2027)
    made = serving(MAIN, other)
    assert paths(made, "alias.test") == ["/main"]
    assert [who for who, _ in told(made)] == ["other"]
    made.apply([Deleted(MAIN.key)])
    assert paths(made, "alias.test") == ["/other"]
    assert told(made) == []


def test_an_alias_has_tls_as_soon_as_a_certificate_of_its_host_covers_it() -> None:
    secure = ingress("secure", rule("a.test", "/x"), tls=[IngressTLS(("a.test",), "cert")])
    made = serving(MAIN, secure)
    assert not made.table.hosts["alias.test"].has_tls
    delta = made.apply([Added(CERT)])
    assert names(delta) == {"alias.test"}
    assert made.table.hosts["alias.test"].has_tls
    assert made.table.bindings["alias.test"] == made.table.bindings["a.test"]
    made.apply([Deleted(CERT.key)])
    assert not made.table.hosts["alias.test"].has_tls
    assert made.table.bindings == {}


def test_a_service_port_follows_its_oldest_ingress() -> None:
    made = serving(owner("old", year=2025, service_upstream="true"), owner("new"))
    assert addresses(made) == ["10.96.0.1:80"]
    delta = made.apply([Modified(owner("old", year=2025))])
    assert delta == Delta(made.generation, upstreams=(made.table.upstreams["default/web:80"],))
    assert addresses(made) == ["10.0.0.1:8080"]


def test_the_next_oldest_decides_once_the_oldest_is_gone_or_made_anew() -> None:
    silent, asking = owner("silent", year=2025), owner("asking", service_upstream="true")
    made = serving(silent, asking)
    assert addresses(made) == ["10.0.0.1:8080"]
    assert [who for who, _ in told(made)] == ["asking"]
    assert [f.subject for f in made.findings_of(asking.key)] == [asking.key]
    made.apply([Modified(owner("silent", year=2027))])
    assert addresses(made) == ["10.96.0.1:80"]
    assert told(made) == []
    made.apply([Modified(silent)])
    assert addresses(made) == ["10.0.0.1:8080"]
    made.apply([Deleted(silent.key)])
    assert addresses(made) == ["10.96.0.1:80"]


def test_a_default_backend_is_an_upstream_of_the_ingress() -> None:
    made = serving(owner("web", default_backend="sorry"))
    (route,) = made.table.hosts["a.test"].routes
    assert route.policy.default_backend == "default/sorry:"
    assert made.table.upstreams["default/sorry:"].unavailable
    (missing,) = (f for f in made.findings if f.code == "ServiceMissing")
    assert missing.field == "metadata.annotations[nginx.ingress.kubernetes.io/default-backend]"
    delta = made.apply([Added(service("sorry")), Added(endpoint_slice("sorry", "10.0.0.9"))])
    assert delta is not None
    assert [upstream.key for upstream in delta.upstreams] == ["default/sorry:"]
    assert delta.hosts == ()
    assert "ServiceMissing" not in {finding.code for finding in made.findings}


def addresses(made: Controller) -> list[str]:
    return [str(endpoint) for endpoint in made.table.upstreams["default/web:80"].endpoints]


def test_who_only_asks_a_service_decides_nothing_about_it() -> None:
    asking = owner(
        "asking", "c.test", year=2020,
        auth_url="http://web.default.svc/", service_upstream="true",
    )  # fmt: skip
    other = structs.replace(
        asking, spec=ingress("x", rule("c.test", path("/", to="other:80"))).spec
    )
    settings = CompilerSettings(from_files=True, local_addresses=True)
    made = Controller(settings, fallback_certificate=FALLBACK, now=lambda: PAIR.not_after - 60)
    made.apply(all_of(WEB, PODS, other))
    assert made.table.upstreams["default/web:80"].endpoints == (Endpoint("10.0.0.1", 8080),)
    made.apply([Added(MAIN)])
    assert made.table.upstreams["default/web:80"].endpoints == (Endpoint("10.0.0.1", 8080),)
    assert not told(made)
    made.apply([Modified(asking)])
    assert made.table.upstreams["default/web:80"].endpoints == (Endpoint("10.96.0.1", 80),)
