"""What observers hear, and what they can ask about one Ingress."""

from __future__ import annotations

import logging

import pytest
from support.certificates import CertificateAuthority
from support.objects import all_of, endpoint_slice, ingress, path, rule, service
from support.objects import tls_secret as secret
from support.routes import certificate

from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.controller import Controller
from ingressd.controller.observing import Change, Served
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.ingress import IngressTLS
from ingressd.resources.metadata import ObjectKey, Resource
from ingressd.sources.events import Added, Deleted, Modified, Reported, Synced

AUTHORITY = CertificateAuthority()
PAIR = AUTHORITY.leaf("a.test")
CERT = secret("cert", PAIR.chain, PAIR.private_key)
WEB = ingress("web", rule("a.test", "/"), tls=[IngressTLS(("a.test",), "cert")])
SHOP = ingress("shop", rule("a.test", "/", "/shop"), created="2027-01-01T00:00:00Z")
API = ingress("api", rule("b.test", path("/", to="api:80")))
FOREIGN = ingress("foreign", rule("a.test", "/"), ingress_class="nginx")
PODS = endpoint_slice("web", "10.0.0.1")


def key(name: str) -> ObjectKey:
    return ObjectKey("Ingress", "default", name)


def observed(*resources: Resource) -> tuple[Controller, list[Change]]:
    made = Controller(
        CompilerSettings(),
        fallback_certificate=certificate("x", fingerprint="f", secret=""),
        now=lambda: PAIR.not_after + 60,
    )
    heard: list[Change] = []
    made.observe(heard.append)
    made.apply(all_of(*resources))
    return made, heard


def names(change: Change) -> set[str]:
    return {each.name for each in change.ingresses}


def test_nothing_is_heard_before_everything_is_there_and_then_all() -> None:
    made, heard = observed()
    heard.clear()
    made = Controller(CompilerSettings(), fallback_certificate=certificate("x"), now=lambda: 0.0)
    made.observe(heard.append)
    made.apply([Added(WEB), Added(API)])
    assert heard == []
    made.apply([Synced()])
    assert names(heard[0]) == {"web", "api"}
    assert heard[0].generation == made.generation


@pytest.mark.parametrize(
    ("event", "concerned", "services"),
    [
        (Modified(endpoint_slice("web", "10.0.0.2")), {"web", "shop"}, {"default/web"}),
        (Added(service("api")), {"api"}, {"default/api"}),
        (Added(service("unrelated")), set(), {"default/unrelated"}),
        (Deleted(CERT.key), {"web", "shop"}, set()),
        (Deleted(SHOP.key), {"web", "shop"}, set()),
        (Deleted(API.key), {"api"}, set()),
        (Modified(WEB), set(), set()),
    ],
)
def test_a_change_names_the_ingresses_it_concerns(
    event: Added | Modified | Deleted, concerned: set[str], services: set[str]
) -> None:
    made, heard = observed(WEB, SHOP, API, FOREIGN, service("web"), PODS, CERT)
    heard.clear()
    made.apply([event])
    assert (names(heard[0]), heard[0].services) == (concerned, services)


def test_what_a_source_says_of_an_ingress_concerns_it() -> None:
    made, heard = observed(WEB)
    told = Finding(Severity.ERROR, "InvalidField", key("web"), "spec", "bad", "repair it")
    of_service = Finding(
        Severity.ERROR, "InvalidField", ObjectKey("Service", "default", "x"), "spec", "bad", "do"
    )
    heard.clear()
    made.apply([Reported("unit", (told, of_service))])
    made.apply([Reported("unit", ())])
    assert [names(change) for change in heard] == [{"web"}, {"web"}]
    assert told not in made.findings_of(key("web"))


def test_an_observer_that_fails_or_has_left_changes_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR)
    made, heard = observed(WEB)

    def broken(change: Change) -> None:
        raise RuntimeError("a bug")

    stop = made.observe(broken)
    assert made.apply([Added(API)]) is not None
    assert names(heard[-1]) == {"api"}
    stop()
    made.apply([Deleted(API.key)])
    assert len(caplog.records) == 1


def test_findings_of_one_are_those_of_all_that_are_about_it() -> None:
    reported = Finding(Severity.ERROR, "InvalidField", key("api"), "spec", "bad", "repair it")
    made, _ = observed(
        WEB,
        SHOP,
        API,
        FOREIGN,
        ingress("unclaimed", rule("c.test", "/"), ingress_class="no-such-class"),
        ingress("secure", rule("c.test", "/"), tls=[IngressTLS(("d.test",), "cert")]),
        ingress("odd", rule("c.test", path("/x", None), path("bad", "Exact"))),
        service("web"),
        CERT,
    )
    made.apply([Reported("unit", (reported,))])
    everything = made.findings
    assert len({finding.code for finding in everything}) >= 6
    for each in made.ingresses:
        assert list(made.findings_of(each)) == [f for f in everything if f.subject == each]
    assert made.findings_of(key("absent")) == ()


def test_whose_an_ingress_is() -> None:
    made, _ = observed(WEB, FOREIGN)
    ours, theirs = made.ingress(key("web")), made.ingress(key("foreign"))
    assert ours is not None
    assert (ours.ingress, ours.is_ours) == (WEB, True)
    assert theirs is not None
    assert not theirs.is_ours
    assert made.ingress(key("absent")) is None


def test_what_of_an_ingress_is_served() -> None:
    whole = ingress("whole", default="web:80")
    made, _ = observed(WEB, SHOP, whole, FOREIGN)
    assert made.served(key("web")) == Served(1, ("a.test",))
    assert made.served(key("shop")) == Served(1, ("a.test",))  # the other path is the older one's
    assert made.served(key("whole")) == Served(1, ("",))
    assert made.served(key("foreign")) == made.served(key("absent")) == Served(0, ())
