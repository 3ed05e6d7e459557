"""Service ports that something refers to."""

from __future__ import annotations

import pytest
from support.objects import endpoint_slice, ingress, rule, service
from support.stores import filled

from ingressd.compiler.ingresses.claims import CompiledIngress
from ingressd.compiler.ingresses.ingress import compile_ingress
from ingressd.compiler.settings import CompilerSettings
from ingressd.controller import upstream_units
from ingressd.controller.guard import Guard
from ingressd.controller.upstream_units import UpstreamUnits
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.policy import LoadBalance

KEY = "default/web:80"
HTTP = "default/web:http"
STORE = filled(service("web"), endpoint_slice("web", "10.0.0.1"))


def units() -> UpstreamUnits:
    return UpstreamUnits(CompilerSettings(), Guard())


def referring(name: str, algorithm: str = "", year: int = 2026) -> CompiledIngress:
    """An Ingress that leads to the Service, and may say how its pods take turns."""
    annotations = {"load-balance": algorithm} if algorithm else {}
    made = ingress(
        name, rule("a.test", "/"), annotations=annotations, created=f"{year}-01-01T00:00:00Z"
    )
    return compile_ingress(made, {}, CompilerSettings())


def balancing(made: UpstreamUnits) -> LoadBalance:
    published = made.published(KEY)
    assert published is not None
    return published.policy.load_balance


def test_a_service_knows_its_ports_until_they_are_forgotten() -> None:
    made = units()
    made.compile(KEY, STORE)
    made.compile(HTTP, STORE)
    assert made.of_service("default/web") == {KEY, HTTP}
    made.forget(KEY)
    assert made.of_service("default/web") == {HTTP}
    assert (made.find(KEY), made.published(KEY)) == (None, None)
    assert [compiled.upstream.key for compiled in made.all] == [HTTP]


def test_one_with_a_problem_is_published_and_faulty() -> None:
    made = units()
    made.compile(KEY, STORE)
    made.compile("default/lost:80", STORE)
    ((key, faulty),) = made.faulty
    assert key == "default/lost:80"
    assert made.find(key) is faulty
    published = made.published("default/lost:80")
    assert published is not None
    assert published.endpoints == ()


def test_settings_are_those_of_the_oldest_as_long_as_it_is_there() -> None:
    made = units()
    old, new = referring("old", "ewma", 2025), referring("new", "round_robin")
    made.govern(KEY, [new, old])
    made.compile(KEY, STORE)
    assert balancing(made) is LoadBalance.EWMA
    assert [told.subject.name for told in made.findings_of(KEY)] == ["new"]
    assert made.findings == [*made.findings_of(KEY)]
    made.govern(KEY, [new])
    made.compile(KEY, STORE)
    assert balancing(made) is LoadBalance.ROUND_ROBIN
    assert made.findings == []


def test_nothing_is_left_of_one_that_is_forgotten() -> None:
    made = units()
    made.govern(KEY, [referring("old", "ewma", 2025), referring("new", "round_robin")])
    made.compile(KEY, STORE)
    made.forget(KEY)
    assert (made.findings, made.findings_of(KEY)) == ([], ())
    made.compile(KEY, STORE)
    assert balancing(made) is LoadBalance.ROUND_ROBIN


def test_one_that_fails_to_compile_is_told_until_it_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    guard = Guard()
    made = UpstreamUnits(CompilerSettings(), guard)
    monkeypatch.setattr(upstream_units, "compile_upstream", fail)
    made.compile(KEY, STORE)
    assert [told.subject for told in guard.findings] == [ObjectKey("Upstream", "", KEY)]
    made.forget(KEY)
    assert guard.findings == []
