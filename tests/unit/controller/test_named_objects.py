"""Secrets and ConfigMaps that annotations name: what becomes of an Ingress as they come and go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec import structs
from support.certificates import CertificateAuthority
from support.objects import all_of, endpoint_slice, ingress, meta, rule, service
from support.routes import certificate
from support.rows import HARMLESS, PROTECTIVE, referring_rows

from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.controller import Controller
from ingressd.controller.observing import Change
from ingressd.resources.finding import Severity
from ingressd.resources.metadata import Resource
from ingressd.resources.secret import ConfigMap, Secret
from ingressd.routing.delta import Delta
from ingressd.routing.model import Host
from ingressd.routing.policy import ClientCertificates
from ingressd.routing.table import Table
from ingressd.sources.events import Added, Deleted, Event, Modified

FALLBACK = certificate("ingress.local", fingerprint="fallback", secret="")
PEM = CertificateAuthority().pem
CA = Secret(metadata=meta("ca"), data={"ca.crt": PEM, "ca.key": b"for nobody", "x": b"y"})
CIPHERS = ConfigMap(metadata=meta("ciphers"), data={"ciphers": "A"})
WEB, PODS = service("web"), endpoint_slice("web", "10.0.0.1")
SECURE = ingress("secure", rule("a.test", "/"), annotations={PROTECTIVE.name: "default/ca"})
PLAIN = ingress("plain", rule("b.test", "/"), annotations={HARMLESS.name: "ciphers"})


@pytest.fixture(autouse=True)
def _referring() -> Iterator[None]:
    with referring_rows():
        yield


class Served:
    """A controller, the last delta of its table, and which Ingresses the last batch concerned."""

    def __init__(self, *resources: Resource, **flags: object) -> None:
        settings = CompilerSettings(**flags)  # type: ignore[arg-type]
        self.controller = Controller(
            settings, fallback_certificate=FALLBACK, now=lambda: FALLBACK.not_after - 1
        )
        self.concerned: list[Change] = []
        self.controller.observe(self.concerned.append)
        self.controller.apply(all_of(WEB, PODS, *resources))

    def after(self, *events: Event) -> Delta | None:
        return self.controller.apply(events)

    @property
    def table(self) -> Table:
        return self.controller.table

    def host(self, name: str) -> Host:
        return self.table.hosts[name]

    def is_open(self, name: str = "a.test") -> bool:
        return any(route.backend is not None for route in self.host(name).routes)

    @property
    def told(self) -> list[str]:
        return [finding.message for finding in self.controller.findings]


def test_the_policy_holds_the_key_and_the_secret_travels_once() -> None:
    twin = structs.replace(SECURE, metadata=structs.replace(SECURE.metadata, name="twin"))
    made = Served(SECURE, twin, CA)
    assert made.host("a.test").policy.client_certificates == ClientCertificates("default/ca")
    (material,) = made.table.secrets.values()
    assert (material.key, material.entries) == ("default/ca", {"ca.crt": PEM})
    assert Table.empty().apply(made.controller.full()) == made.table


@pytest.mark.parametrize("secret", [None, structs.replace(CA, data={"ca.key": b"x"})])
def test_what_protects_is_closed_while_its_secret_is_of_no_use(secret: Secret | None) -> None:
    made = Served(SECURE, *([secret] if secret is not None else []))
    assert not made.is_open()
    assert made.table.secrets == {}
    (finding,) = (f for f in made.controller.findings if f.verdict == "invalid")
    assert finding.severity is Severity.ERROR
    assert finding.message.startswith("Secret default/ca ")
    assert "answers 403" in finding.message
    made.after(Modified(CA) if secret is not None else Added(CA))
    assert made.is_open()
    assert set(made.table.secrets) == {"default/ca"}
    assert made.told == []


def test_the_whole_host_is_closed_where_its_protection_cannot_be_given() -> None:
    other = ingress("other", rule("a.test", "/other"), created="2026-06-01T00:00:00Z")
    made = Served(SECURE, other, CA)
    assert made.is_open()
    made.after(Deleted(CA.key))
    assert not made.is_open()
    (closed,) = (f for f in made.controller.findings if f.code == "HostClosed")
    assert closed.subject == other.key
    assert "default/secure" in closed.message
    made.after(Deleted(SECURE.key))
    assert made.is_open()


def test_an_older_ingress_that_is_well_keeps_the_host_open() -> None:
    older = structs.replace(
        SECURE, metadata=meta("older", creation_timestamp="2020-01-01T00:00:00Z",
                              annotations=SECURE.metadata.annotations),
        spec=ingress("older", rule("a.test", "/older")).spec,
    )  # fmt: skip
    broken = ingress("broken", rule("a.test", "/"), annotations={PROTECTIVE.name: "absent"})
    made = Served(older, broken, CA)
    assert {r.ingress: r.backend is not None for r in made.host("a.test").routes} == {
        "default/older": True,
        "default/broken": False,
    }


def test_it_closes_when_the_secret_goes() -> None:
    made = Served(SECURE, PLAIN, CIPHERS, CA)
    delta = made.after(Deleted(CA.key))
    assert delta is not None
    assert [host.name for host in delta.hosts] == ["a.test"]
    assert delta.removed_secrets == ("default/ca",)
    assert not made.is_open()
    assert made.is_open("b.test")


def test_a_change_of_the_secret_reaches_workers_and_compiles_no_other_ingress() -> None:
    made = Served(SECURE, PLAIN, CIPHERS, CA)
    renewed = structs.replace(CA, data={**CA.data, "ca.crt": PEM + PEM})
    delta = made.after(Modified(renewed))
    (material,) = made.table.secrets.values()
    assert material.entries == {"ca.crt": PEM + PEM}
    assert delta == Delta(made.controller.generation, secrets=(material,))
    assert made.concerned[-1].ingresses == {SECURE.key}


def test_what_workers_do_not_get_changes_nothing_for_them() -> None:
    made = Served(SECURE, CA)
    assert made.after(Modified(structs.replace(CA, data={**CA.data, "x": b"z"}))) is None
    assert made.after(Added(Secret(metadata=meta("other")))) is None


def test_nobody_gets_it_once_nobody_names_it() -> None:
    made = Served(SECURE, CA)
    delta = made.after(Deleted(SECURE.key))
    assert delta is not None
    assert delta.removed_secrets == ("default/ca",)
    assert made.table.secrets == {}


def test_what_is_in_a_configmap_is_in_the_policy() -> None:
    made = Served(PLAIN, CIPHERS)
    assert made.host("b.test").policy.ciphers == "A"
    delta = made.after(Modified(structs.replace(CIPHERS, data={"ciphers": "B"})))
    assert delta is not None
    assert [host.policy.ciphers for host in delta.hosts] == ["B"]
    made.after(Modified(structs.replace(CIPHERS, data={})))
    assert made.host("b.test").policy.ciphers == ""
    assert made.is_open("b.test")
    (told,) = made.told
    assert told.startswith("ConfigMap default/ciphers has no key ciphers; ")


def foreign(name: str, value: str) -> tuple[Resource, Secret]:
    theirs = structs.replace(CA, metadata=meta("ca", "theirs"))
    return ingress(name, rule("a.test", "/"), annotations={PROTECTIVE.name: value}), theirs


def test_a_secret_of_another_namespace_is_refused() -> None:
    made = Served(*foreign("web", "theirs/ca"))
    assert not made.is_open()
    assert made.table.secrets == {}
    assert "is in another namespace" in made.told[0]


def test_it_may_be_allowed_for_all() -> None:
    allow = ConfigMap(
        metadata=meta("settings", "ours"), data={"allow-cross-namespace-resources": "true"}
    )
    made = Served(*foreign("web", "theirs/ca"), allow, configmap="ours/settings")
    assert made.is_open()
    assert set(made.table.secrets) == {"theirs/ca"}
    made.after(Deleted(allow.key))
    assert not made.is_open()
    assert made.table.secrets == {}


def test_a_name_that_is_none_closes_too() -> None:
    made = Served(ingress("web", rule("a.test", "/"), annotations={PROTECTIVE.name: "a/b/c"}), CA)
    assert not made.is_open()
    assert "is not valid" in made.told[0]
