"""Each test is a transcript: events in, delta out."""

from __future__ import annotations

import logging

import pytest
from msgspec import structs
from support.certificates import CertificateAuthority
from support.objects import all_of, endpoint_slice, ingress, ingress_class, path, rule, service
from support.objects import tls_secret as secret
from support.routes import certificate

from ingressd.compiler.settings import DEFAULT_CONTROLLER_CLASS, BackendOverride, CompilerSettings
from ingressd.controller import ingress_units
from ingressd.controller.controller import Controller
from ingressd.resources.endpoints import SliceLabels
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.ingress import Ingress, IngressTLS
from ingressd.resources.metadata import ObjectKey, Resource
from ingressd.routing.delta import Delta
from ingressd.routing.model import CATCH_ALL
from ingressd.routing.table import Table
from ingressd.sources.events import Added, Deleted, Modified, Reported, Synced

AUTHORITY = CertificateAuthority()
PAIR = AUTHORITY.leaf("a.example.com")
RENEWED = AUTHORITY.leaf("a.example.com")
FALLBACK = certificate("ingress.local", fingerprint="fallback", secret="")
NOW = PAIR.not_after - 60
CERT = secret("cert", PAIR.chain, PAIR.private_key)


def controller(**flags: object) -> Controller:
    settings = CompilerSettings(**flags)  # type: ignore[arg-type]
    return Controller(settings, fallback_certificate=FALLBACK, now=lambda: NOW)


def serving(*resources: Resource, **flags: object) -> Controller:
    made = controller(**flags)
    made.apply(all_of(*resources))
    return made


def must_change(delta: Delta | None) -> Delta:
    assert delta is not None
    return delta


def codes(made: Controller) -> list[str]:
    return [finding.code for finding in made.findings]


WEB = ingress("web", rule("a.example.com", "/"))
OTHER = ingress("other", rule("b.example.com", path("/", to="api:80")))
PODS = endpoint_slice("web", "10.0.0.1")


def secure(name: str, secret_name: str, **rest: str) -> Ingress:
    entries = [IngressTLS(("a.example.com",), secret_name)]
    return ingress(name, rule("a.example.com", f"/{name}"), tls=entries, **rest)  # type: ignore[arg-type]


def test_nothing_is_compiled_before_everything_is_there() -> None:
    made = controller()
    assert made.apply([Added(WEB), Added(service("web"))]) is None
    assert (made.synced, made.generation, made.table) == (False, 0, Table.empty())
    delta = must_change(made.apply([Added(PODS), Synced()]))
    assert made.synced
    assert [host.name for host in delta.hosts] == ["a.example.com"]
    assert [str(e) for u in delta.upstreams for e in u.endpoints] == ["10.0.0.1:8080"]
    assert delta.default_certificate == "fallback"
    assert delta.generation == made.generation == 1


def test_table_is_what_the_deltas_come_to() -> None:
    made = serving(WEB, service("web"), PODS)
    assert Table.empty().apply(made.full()) == made.table


def test_endpoint_change_touches_one_upstream() -> None:
    made = serving(WEB, OTHER, service("web"), service("api"), PODS)
    delta = must_change(made.apply([Modified(endpoint_slice("web", "10.0.0.2"))]))
    expected = Delta(generation=2, upstreams=(made.table.upstreams["default/web:80"],))
    assert delta == expected
    assert [str(e) for e in delta.upstreams[0].endpoints] == ["10.0.0.2:8080"]


def test_ingress_change_touches_its_hosts() -> None:
    made = serving(WEB, OTHER, service("web"), PODS)
    moved = ingress("web", rule("c.example.com", "/"))
    delta = must_change(made.apply([Modified(moved)]))
    assert [host.name for host in delta.hosts] == ["c.example.com"]
    assert delta.removed_hosts == ("a.example.com",)
    assert (delta.upstreams, delta.removed_upstreams) == ((), ())


def test_what_no_ingress_refers_to_is_removed() -> None:
    made = serving(secure("web", "cert"), CERT, service("web"), PODS)
    delta = must_change(made.apply([Deleted(WEB.key)]))
    assert delta.removed_hosts == ("a.example.com",)
    assert delta.removed_upstreams == ("default/web:80",)
    assert delta.removed_bindings == ("a.example.com",)
    assert len(delta.removed_certificates) == 1
    empty = serving().table
    assert structs.replace(made.table, generation=1) == empty
    assert made.findings == ()


def test_unreferenced_services_and_secrets_are_not_sent() -> None:
    table = serving(WEB, service("web"), service("idle"), CERT, PODS).table
    assert set(table.upstreams) == {"default/web:80"}
    assert set(table.certificates) == {"fallback"}


def test_change_that_no_worker_needs_is_no_delta() -> None:
    made = serving(WEB, service("web"), PODS)
    labelled = structs.replace(WEB, metadata=structs.replace(WEB.metadata, labels={"a": "b"}))
    assert made.apply([Modified(labelled)]) is None
    assert made.apply([Added(service("idle"))]) is None
    assert made.generation == 1


def test_service_that_comes_later_clears_its_finding() -> None:
    made = serving(WEB)
    assert [(f.code, f.field) for f in made.findings] == [
        ("ServiceMissing", "spec.rules[0].http.paths[0].backend")
    ]
    made.apply([Added(service("web")), Added(PODS)])
    assert made.findings == ()


def test_secret_that_comes_later_is_bound_and_rotated() -> None:
    made = serving(secure("web", "cert"), service("web"), PODS)
    assert codes(made) == ["SecretMissing"]
    first = must_change(made.apply([Added(CERT)]))
    renewed = secret("cert", RENEWED.chain, RENEWED.private_key)
    second = must_change(made.apply([Modified(renewed)]))
    assert codes(made) == []
    assert second.removed_certificates == tuple(first.bindings.values())
    assert second.bindings == {"a.example.com": second.certificates[0].fingerprint}
    assert (second.hosts, second.upstreams) == ((), ())


def test_same_certificate_in_two_secrets_is_sent_once() -> None:
    copy = secret("copy", PAIR.chain, PAIR.private_key)
    made = serving(secure("a", "copy"), secure("b", "cert"), CERT, copy, service("web"), PODS)
    (sent,) = (c for c in made.table.certificates.values() if c.fingerprint != "fallback")
    assert sent.secret == "default/cert"
    made.apply([Deleted(CERT.key)])
    assert made.table.certificates[sent.fingerprint].secret == "default/copy"


def test_default_certificate_from_a_secret_and_back() -> None:
    made = serving(default_ssl_certificate="default/cert")
    assert made.table.default_certificate == "fallback"
    assert [(f.code, str(f.subject)) for f in made.findings] == [
        ("SecretMissing", "Secret default/cert")
    ]
    delta = must_change(made.apply([Added(CERT)]))
    assert delta.default_certificate == delta.certificates[0].fingerprint
    assert delta.removed_certificates == ("fallback",)
    assert must_change(made.apply([Deleted(CERT.key)])).default_certificate == "fallback"


def test_default_backend_service_stands_behind_every_host() -> None:
    made = serving(WEB, default_backend_service="ops/errors")
    assert {name for name, host in made.table.hosts.items() if host.fallback} == {
        CATCH_ALL,
        "a.example.com",
    }
    missing = [f for f in made.findings if f.subject == ObjectKey("Service", "ops", "errors")]
    assert [f.code for f in missing] == ["ServiceMissing"]
    errors = service("errors", namespace="ops")
    made.apply([Added(errors), Added(endpoint_slice("errors", "10.0.0.9", namespace="ops"))])
    assert made.table.upstreams["ops/errors:"].endpoints != ()
    made.apply([Deleted(WEB.key)])
    assert set(made.table.hosts) == {CATCH_ALL}


def test_class_decides_and_may_change_its_mind() -> None:
    subject = ingress("web", rule("a.example.com", "/"), ingress_class="own")
    made = serving(subject, service("web"), PODS)
    assert codes(made) == ["IngressClassMissing"]
    ours = ingress_class("own", DEFAULT_CONTROLLER_CLASS)
    assert must_change(made.apply([Added(ours)])).hosts != ()
    theirs = ingress_class("own", "example.com/other")
    assert must_change(made.apply([Modified(theirs)])).removed_hosts == ("a.example.com",)


def test_conflict_goes_to_the_survivor_when_the_winner_goes() -> None:
    old = ingress(
        "old", rule("a.example.com", path("/", to="api:80")), created="2020-01-01T00:00:00Z"
    )
    made = serving(
        WEB, old, service("web"), service("api"), PODS, endpoint_slice("api", "10.0.0.5")
    )
    assert codes(made) == ["PathConflict"]
    delta = must_change(made.apply([Deleted(old.key)]))
    assert delta.hosts[0].routes[0].ingress == "default/web"
    assert made.findings == ()


def test_findings_carry_origins_and_reports_of_the_source() -> None:
    made = controller()
    file = ObjectKey("File", "", "bad.yaml")
    report = Finding(Severity.ERROR, "Unreadable", file, "", "m", "r", "bad.yaml")
    made.apply([Added(WEB, "shop.yaml"), Reported("bad.yaml", (report,)), Synced()])
    assert [(f.code, f.origin) for f in made.findings] == [
        ("Unreadable", "bad.yaml"),
        ("ServiceMissing", "shop.yaml"),
    ]


def test_certificate_expires_without_an_event() -> None:
    clock = [NOW]
    made = Controller(CompilerSettings(), fallback_certificate=FALLBACK, now=lambda: clock[0])
    made.apply(all_of(secure("web", "cert"), CERT, service("web"), PODS))
    assert codes(made) == []
    clock[0] += 120
    assert codes(made) == ["CertificateExpired"]


def test_bug_in_one_unit_keeps_its_last_good_state_and_spares_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = serving(WEB, OTHER, service("web"), service("api"), PODS)
    compile_ingress = ingress_units.compile_ingress

    def failing(subject: Ingress, *rest: object) -> object:
        if subject.metadata.name == "web":
            raise RuntimeError("a bug")
        return compile_ingress(subject, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(ingress_units, "compile_ingress", failing)
    with caplog.at_level(logging.CRITICAL):
        made.apply(
            [
                Modified(ingress("web", rule("c.example.com", "/"))),
                Modified(ingress("other", rule("d.example.com", "/"))),
            ]
        )
    assert set(made.table.hosts) == {"a.example.com", "d.example.com"}
    assert "CompilerFailed" in codes(made)
    monkeypatch.undo()
    made.apply([Modified(ingress("web", rule("e.example.com", "/")))])
    assert set(made.table.hosts) == {"d.example.com", "e.example.com"}
    assert "CompilerFailed" not in codes(made)


def canary(name: str = "canary", host: str = "a.example.com", **annotations: str) -> Ingress:
    """A canary, older than any main Ingress, that leads to the Service new."""
    return ingress(
        name,
        rule(host, path("/", to="new:80")),
        created="2020-01-01T00:00:00Z",
        annotations={"canary": "true", "canary-weight": "5", **annotations},
    )


def test_a_canary_comes_and_goes_with_the_main_ingress() -> None:
    made = serving(canary(), service("web"), service("new"), PODS)
    assert made.table.hosts == {}
    assert "CanaryUnmatched" in codes(made)
    assert made.served(canary().key).routes == 0
    made.apply([Added(WEB)])
    (route,) = made.table.hosts["a.example.com"].routes
    assert route.ingress == "default/web"
    assert [each.backend.upstream for each in route.alternatives] == ["default/new:80"]
    assert "default/new:80" in made.table.upstreams
    assert "CanaryUnmatched" not in codes(made)
    assert made.served(canary().key).routes == 1
    made.apply([Deleted(canary().key)])
    assert made.table.hosts["a.example.com"].routes[0].alternatives == ()
    assert "default/new:80" not in made.table.upstreams


def test_the_findings_of_an_unmatched_canary_go_with_it() -> None:
    made = serving(canary(), service("new"), PODS)
    assert "CanaryUnmatched" in codes(made)
    made.apply([Deleted(canary().key)])
    assert "CanaryUnmatched" not in codes(made)


def test_a_canary_without_a_service_costs_nothing_but_the_canary() -> None:
    made = serving(canary(), WEB, service("web"), PODS)
    (told,) = [found for found in made.findings if found.code == "ServiceMissing"]
    assert (told.subject.name, told.severity) == ("canary", Severity.WARNING)
    assert "the main Ingress takes all requests" in told.message


def test_an_alias_is_one_though_a_canary_names_it() -> None:
    alias = {"server-alias": "b.example.com"}
    main = ingress("web", rule("a.example.com", "/"), annotations=alias)
    made = serving(canary(host="b.example.com"), main, service("web"), service("new"), PODS)
    assert set(made.table.hosts) == {"a.example.com", "b.example.com"}


def test_a_slice_that_names_no_service_is_told_until_it_does() -> None:
    bare = structs.replace(PODS, metadata=structs.replace(PODS.metadata, labels=SliceLabels()))
    made = serving(WEB, service("web"), bare)
    assert codes(made) == ["EndpointSliceWithoutService", "ServiceWithoutEndpoints"]
    made.apply([Modified(PODS)])
    assert codes(made) == []
    made.apply([Modified(bare)])
    assert "EndpointSliceWithoutService" in codes(made)
    made.apply([Deleted(bare.key)])
    assert codes(made) == ["ServiceWithoutEndpoints"]


def test_an_override_that_nothing_follows_is_told() -> None:
    override = BackendOverride("default", "api", "", "127.0.0.1", 3000)
    made = serving(WEB, service("web"), PODS, overrides=(override,))
    assert codes(made) == ["OverrideUnused"]
    made.apply([Added(OTHER)])
    assert codes(made) == []


def test_the_revision_tells_that_findings_may_be_others() -> None:
    made = serving(ingress("web", rule("a.example.com", "/")))
    before = made.revision
    made.apply([Added(service("web"))])
    assert made.revision > before


def test_a_fresh_list_that_says_the_same_changes_nothing() -> None:
    objects = (ingress("web", rule("a.example.com", "/")), service("web"), CERT)
    made = serving(*objects, default_ssl_certificate="default/cert")
    made.begin_again()

    assert made.apply(all_of(*objects)) is None
    assert made.generation == 1


def test_a_fresh_list_replaces_everything_in_one_step() -> None:
    tls = IngressTLS(("a.example.com",), "cert")
    made = serving(ingress("web", rule("a.example.com", "/"), tls=[tls]), service("web"), CERT)
    made.begin_again()
    assert made.apply([Added(service("idle"))]) is None
    assert set(made.table.hosts) == {"a.example.com"}
    bound = made.table.bindings["a.example.com"]

    delta = made.apply(all_of(ingress("other", rule("b.example.com", "/"))))
    assert delta is not None
    assert delta.removed_hosts == delta.removed_bindings == ("a.example.com",)
    assert delta.removed_certificates == (bound,)
    assert made.table == Table.empty().apply(made.full())
    assert set(made.table.hosts) == {"b.example.com"}


def test_observers_hear_of_the_ingresses_that_a_fresh_list_lacks() -> None:
    made = serving(ingress("web", rule("a.example.com", "/")))
    heard: list[frozenset[ObjectKey]] = []
    made.observe(lambda change: heard.append(change.ingresses))
    made.begin_again()
    made.apply([Synced()])

    assert heard == [frozenset({ObjectKey("Ingress", "default", "web")})]
