"""What a change of an Ingress reaches, and what the Ingresses refer to."""

from __future__ import annotations

import pytest
from support.objects import ingress, meta, path, rule
from support.stores import filled, touched

from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.settings import CompilerSettings
from ingressd.controller import ingress_units
from ingressd.controller.guard import Guard
from ingressd.controller.ingress_units import IngressUnits, Touched
from ingressd.controller.store import Dirty, ObjectStore
from ingressd.resources.ingress import Ingress, IngressTLS
from ingressd.resources.metadata import Resource
from ingressd.resources.secret import Secret
from ingressd.routing.policy import Policy
from ingressd.sources.events import Added, Deleted, Modified

HOST, WEB = "a.test", "default/web:80"
PLAIN = ingress("web", rule(HOST, "/"))
SECURE = ingress("web", rule(HOST, "/"), tls=[IngressTLS((HOST,), "tls")])
GUARDED = ingress(
    "web", rule(HOST, "/"), annotations={"auth-type": "basic", "auth-secret": "users"}
)
EWMA = ingress("web", rule(HOST, "/"), annotations={"load-balance": "ewma"})
LATE = ingress("late", rule(HOST, "/late"))
CANARY = ingress(
    "new", rule(HOST, path("/", to="new:80")), annotations={"canary": "true", "canary-weight": "5"}
)
USERS = Secret(metadata=meta("users"), data={"auth": b"jane:{PLAIN}x", "other": b""})
ELSEWHERE = ingress("web", rule("b.test", "/"), default="other:80")


def units(*resources: Resource) -> tuple[IngressUnits, ObjectStore]:
    """With these compiled, as far as they are Ingresses."""
    made, store = IngressUnits(CompilerSettings(), Guard()), filled(*resources)
    keys = [each.key for each in resources if isinstance(each, Ingress)]
    made.refresh(keys, store, Directives())
    return made, store


def changed(before: Ingress, after: Ingress | None) -> Touched:
    """What it reaches that an Ingress becomes another one, or goes."""
    made, store = units(before)
    touched(store, Modified(after) if after is not None else Deleted(before.key))
    return made.refresh([before.key], store, Directives())


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (PLAIN, PLAIN, Touched()),
        (PLAIN, None, Touched(hosts={HOST}, upstreams={WEB})),
        (PLAIN, SECURE, Touched(hosts={HOST}, secrets={"default/tls"})),
        (SECURE, None, Touched({HOST}, {WEB}, {"default/tls"})),
        (PLAIN, ELSEWHERE, Touched({HOST, "b.test"}, {"default/other:80"})),
        (PLAIN, EWMA, Touched(hosts={HOST}, upstreams={WEB})),
        (EWMA, PLAIN, Touched(hosts={HOST}, upstreams={WEB})),
    ],
)
def test_what_a_change_reaches(before: Ingress, after: Ingress | None, expected: Touched) -> None:
    assert changed(before, after) == expected


def test_one_that_says_the_same_as_before_is_not_compiled_anew() -> None:
    made, store = units(PLAIN)
    before = made.find(PLAIN.key)
    made.refresh([PLAIN.key], store, Directives())
    assert made.find(PLAIN.key) is before


def test_what_all_annotations_begin_with_may_change() -> None:
    made, store = units(PLAIN)
    found = made.refresh([PLAIN.key], store, Directives(policy=Policy(body_limit=7)))
    assert found.hosts == {HOST}
    (claim,) = made.claims(HOST)
    assert claim.routes[0].policy.body_limit == 7


def test_what_refers_to_what() -> None:
    made, _ = units(SECURE)
    assert made.keys == made.with_host(HOST) == made.with_upstream(WEB) == {SECURE.key}
    assert made.needs_upstream(WEB)
    assert made.needs_secret("default/tls")
    assert made.hosts_of_secret("default/tls") == {HOST}
    ((subject, reference),) = made.references(WEB)
    assert (subject, reference.backend.upstream) == (SECURE.key, WEB)
    assert [claim.ingress for claim in made.claims(HOST)] == ["default/web"]
    assert [each.subject for each in made.of_host(HOST)] == [SECURE.key]


def test_nothing_is_left_of_one_that_is_gone() -> None:
    made, store = units(GUARDED, USERS)
    touched(store, Deleted(GUARDED.key))
    found = made.refresh([GUARDED.key], store, Directives())
    assert found.materials == {"default/users"}
    assert not made.all
    assert not made.needs_upstream(WEB)
    assert made.naming(Dirty(secrets={"default/users"})) == set()
    assert made.wanting("default/users") == []
    assert made.governing(WEB) == []


def test_what_an_annotation_names_reaches_the_ingress_there_or_not() -> None:
    made, store = units(GUARDED)
    assert made.naming(Dirty(secrets={"default/users"})) == {GUARDED.key}
    assert made.naming(Dirty(configmaps={"default/users"})) == set()
    assert made.wanting("default/users") == [], "nobody wants what is not there"
    touched(store, Added(USERS))
    assert made.refresh([GUARDED.key], store, Directives()).materials == {"default/users"}
    assert [wanted.entries for wanted in made.wanting("default/users")] == [{"auth"}]


def test_a_canary_has_its_say_without_a_claim() -> None:
    made, _ = units(PLAIN, CANARY)
    assert [claim.ingress for claim in made.claims(HOST)] == ["default/web"]
    assert [canary.subject for canary in made.canaries(HOST)] == [CANARY.key]
    assert made.with_host(HOST) == {PLAIN.key, CANARY.key}


def test_who_may_decide_about_a_service_port() -> None:
    """All that refer to it must be asked only where one of them says something."""
    made, _ = units(PLAIN, LATE)
    assert len(made.governing(WEB)) == 1
    made, _ = units(EWMA, LATE)
    assert {each.subject for each in made.governing(WEB)} == {EWMA.key, LATE.key}


def test_one_that_fails_to_compile_stays_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    made, store = units(PLAIN)

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ingress_units, "compile_ingress", fail)
    touched(store, Modified(ELSEWHERE))
    assert made.refresh([PLAIN.key], store, Directives()) == Touched()
    assert made.with_host(HOST) == {PLAIN.key}
