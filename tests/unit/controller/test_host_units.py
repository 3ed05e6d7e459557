"""Hosts, and the other names that they have."""

from __future__ import annotations

from support.objects import ingress, rule

from ingressd.compiler.ingresses.claims import Claim
from ingressd.compiler.ingresses.ingress import compile_ingress
from ingressd.compiler.settings import Compat, CompilerSettings
from ingressd.controller.guard import Guard
from ingressd.controller.host_units import HostUnits
from ingressd.routing.model import CATCH_ALL, Backend, Host

HOST, ALIAS = "a.test", "b.test"
DEFAULT = Backend("default", "fallback", "80")


def claims(
    *paths: str, host: str = HOST, name: str = "web", year: int = 2026, **annotations: str
) -> list[Claim]:
    """What an Ingress wants of a host."""
    written = {key.replace("_", "-"): text for key, text in annotations.items()}
    created = f"{year}-01-01T00:00:00Z"
    made = ingress(name, rule(host, *paths), annotations=written, created=created)
    return [compile_ingress(made, {}, CompilerSettings()).claims[host]]


def units(default: Backend | None = None) -> HostUnits:
    return HostUnits(Guard(), default, Compat.EXACT)


def served(made: HostUnits, name: str) -> Host:
    host = made.find(name)
    assert host is not None
    return host


def test_a_host_is_there_while_somebody_claims_it() -> None:
    made = units()
    made.compile(HOST, claims("/"))
    assert served(made, HOST).name == HOST
    assert made.names == {HOST}
    made.compile(HOST, [])
    assert made.find(HOST) is None
    assert made.names == frozenset()


def test_a_default_backend_stands_behind_every_host_and_makes_only_the_catch_all() -> None:
    made = units(DEFAULT)
    for name in (CATCH_ALL, "nobody.test"):
        made.compile(name, [])
    made.compile(HOST, claims("/x"))
    assert made.names == {CATCH_ALL, HOST}
    backends = {name: served(made, name).fallback for name in made.names}
    assert {route and route.backend for route in backends.values()} == {DEFAULT}


def test_where_all_is_closed_the_default_backend_gets_nothing() -> None:
    made = units(DEFAULT)
    made.is_closed = True
    made.compile(CATCH_ALL, [])
    fallback = served(made, CATCH_ALL).fallback
    assert fallback is not None
    assert fallback.backend is None


def test_what_ingresses_lose_to_one_another_is_told_of_their_host() -> None:
    made = units()
    made.compile(HOST, [*claims("/"), *claims("/", name="late", year=2027)])
    assert [told.subject.name for told in made.findings_of(HOST)] == ["late"]
    assert made.findings == [*made.findings_of(HOST)]
    assert made.findings_of(ALIAS) == ()


def test_an_alias_is_told_of_by_its_host_and_serves_the_same() -> None:
    made = units()
    assert made.compile(HOST, claims("/x", server_alias=ALIAS)) == {ALIAS}
    assert made.is_alias(ALIAS)
    assert made.find(ALIAS) is None, "not before it is derived"
    made.derive(ALIAS, [], has_certificate=False)
    assert [route.path for route in served(made, ALIAS).routes] == ["/x"]
    assert made.names == {HOST}
    assert made.with_aliases([HOST]) == {HOST, ALIAS}
    assert made.with_originals([ALIAS]) == {HOST, ALIAS}


def test_an_alias_goes_with_what_made_it() -> None:
    made = units()
    made.compile(HOST, claims("/", server_alias=ALIAS))
    made.derive(ALIAS, [], has_certificate=False)
    assert made.compile(HOST, claims("/")) == {ALIAS}
    assert made.is_alias(ALIAS), "until it is derived again, it was one"
    made.derive(ALIAS, [], has_certificate=False)
    assert made.find(ALIAS) is None
    assert not made.is_alias(ALIAS)


def test_a_rule_for_the_name_wins_and_the_alias_is_told() -> None:
    made = units()
    made.compile(HOST, claims("/x", server_alias=ALIAS))
    own = claims("/own", host=ALIAS, name="owner")
    made.compile(ALIAS, own)
    made.derive(ALIAS, own, has_certificate=False)
    assert [route.path for route in served(made, ALIAS).routes] == ["/own"]
    (told,) = made.findings_of(ALIAS)
    assert told.subject.name == "web"
    assert told in made.findings
