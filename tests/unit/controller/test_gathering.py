"""All findings at one moment, and those of one Ingress."""

from __future__ import annotations

from support.objects import endpoint_slice, ingress, rule, service
from support.routes import certificate
from support.stores import touched

from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.gathering import gather_findings, gather_findings_of
from ingressd.controller.store import Dirty, ObjectStore
from ingressd.controller.units import Units
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.ingress import IngressTLS
from ingressd.resources.metadata import ObjectKey, Resource
from ingressd.sources.events import Added, Reported

FALLBACK = certificate("ingress.local", fingerprint="fallback", secret="")
WEB = ingress("web", rule("a.test", "/"))
LATE = ingress("late", rule("a.test", "/"), created="2026-02-01T00:00:00Z")
LOST = ingress("lost", rule("b.test", "/x", "/y"), tls=[IngressTLS(("b.test",), "gone")])
BEHIND = (service("web"), endpoint_slice("web", "10.0.0.1"))


class Gathered:
    """Everything there is to tell of these objects."""

    def __init__(self, *resources: Resource, origin: str = "", **flags: object) -> None:
        self.store = ObjectStore()
        settings = CompilerSettings(**flags)  # type: ignore[arg-type]
        self.units = Units(self.store, settings, FALLBACK)
        events = [Added(resource, origin) for resource in resources]
        self.units.refresh(touched(self.store, *events), with_defaults=True)

    @property
    def all(self) -> tuple[Finding, ...]:
        return gather_findings(self.store, self.units, now=0.0)

    def of(self, key: ObjectKey) -> tuple[Finding, ...]:
        return gather_findings_of(key, self.store, self.units, now=0.0)


def codes(found: tuple[Finding, ...]) -> list[str]:
    return [each.code for each in found]


def test_of_what_is_well_there_is_nothing_to_tell() -> None:
    assert Gathered(WEB, *BEHIND).all == ()


def test_the_worst_comes_first_and_each_once() -> None:
    found = Gathered(LATE, WEB, LOST, *BEHIND).all
    severities = [each.severity for each in found]
    assert severities == sorted(severities, key=[*Severity].index)
    assert len(set(found)) == len(found)


def test_a_missing_service_is_told_at_every_field_that_refers_to_it() -> None:
    found = Gathered(LOST).all
    assert [each.field for each in found if each.code == "ServiceMissing"] == [
        "spec.rules[0].http.paths[0].backend",
        "spec.rules[0].http.paths[1].backend",
    ]


def test_those_of_one_are_the_same_and_only_about_it() -> None:
    gathered = Gathered(WEB, LATE, LOST, *BEHIND)
    for each in (WEB, LATE, LOST):
        assert gathered.of(each.key) == tuple(f for f in gathered.all if f.subject == each.key)
    assert gathered.of(WEB.key) == ()
    assert codes(gathered.of(LATE.key)) == ["PathConflict"]


def test_each_says_where_its_object_was_read() -> None:
    gathered = Gathered(LOST, origin="web.yaml:3")
    assert {each.origin for each in gathered.all} == {"web.yaml:3"}
    again = Finding(Severity.ERROR, "Twice", LOST.key, "", "is there twice", "", "other.yaml:1")
    gathered.store.apply(Reported("other.yaml", (again,)), Dirty())
    assert again in gathered.all, "it knows better itself"


def test_what_a_source_says_is_told_of_an_ingress_that_could_not_be_read() -> None:
    gathered, key = Gathered(WEB, *BEHIND), ObjectKey("Ingress", "default", "unread")
    told = Finding(Severity.ERROR, "Unreadable", key, "spec", "it has no rules", "write some")
    gathered.store.apply(Reported("unit", (told,)), Dirty())
    assert gathered.all == gathered.of(key) == (told,)


def test_what_flags_name_is_told_of_without_any_ingress() -> None:
    found = Gathered(
        default_backend_service="default/gone", default_ssl_certificate="default/none"
    ).all
    assert {each.subject for each in found} == {
        ObjectKey("Service", "default", "gone"),
        ObjectKey("Secret", "default", "none"),
    }
