"""Canaries on the routes of a host, and what they are told."""

from __future__ import annotations

from support.objects import ingress, path, rule

from ingressd.compiler.hosts.host import CompiledHost, compile_host
from ingressd.compiler.hosts.unmatched import DefaultBackend, Unmatched
from ingressd.compiler.ingresses.claims import CompiledIngress
from ingressd.compiler.ingresses.ingress import compile_ingress
from ingressd.compiler.settings import CompilerSettings
from ingressd.resources.ingress import HTTPIngressPath, Ingress
from ingressd.routing.model import CATCH_ALL, Backend, PathKind
from ingressd.routing.policy import AffinityMode, CanaryPolicy, CookieAffinity

HOST = "a.test"
MAIN = ingress("web", rule(HOST, "/a"))


def canary(
    *paths: HTTPIngressPath | str,
    name: str = "new",
    created: str = "2026-02-01T00:00:00Z",
    default: str = "",
    namespace: str = "default",
    **annotations: str,
) -> Ingress:
    written = {key.replace("_", "-"): text for key, text in annotations.items()}
    return ingress(
        name,
        rule(HOST, *(path(each, to="new:80") if isinstance(each, str) else each for each in paths)),
        created=created,
        namespace=namespace,
        default=default,
        annotations={"canary": "true", **written},
    )


def compiled(*ingresses: Ingress, host: str = HOST, flag: str = "") -> CompiledHost:
    units: list[CompiledIngress] = [
        compile_ingress(each, {}, CompilerSettings()) for each in ingresses
    ]
    default = DefaultBackend(Backend("default", flag, "80")) if flag else None
    return compile_host(
        host,
        [unit.claims[host] for unit in units if host in unit.claims],
        Unmatched(default=default),
        [unit.canaries[host] for unit in units if host in unit.canaries],
    )


def services(result: CompiledHost) -> dict[str, list[str]]:
    """The Services of canaries, by the path that they share."""
    assert result.host is not None
    return {
        route.path: [
            f"{each.backend.namespace}/{each.backend.service}" for each in route.alternatives
        ]
        for route in result.host.routes
    }


def codes(result: CompiledHost) -> list[str]:
    return [found.code for found in result.findings]


def test_a_canary_may_be_of_another_namespace() -> None:
    result = compiled(MAIN, canary("/a", namespace="other", canary_weight="5"))
    assert services(result) == {"/a": ["other/new"]}
    assert result.host is not None
    (alternative,) = result.host.routes[0].alternatives
    assert (alternative.ingress, alternative.policy) == ("other/new", CanaryPolicy(weight=5))
    assert codes(result) == []


def test_several_stand_in_the_order_of_their_age() -> None:
    younger = canary(path("/a", to="younger:80"), name="a", created="2026-03-01T00:00:00Z")
    assert services(compiled(MAIN, younger, canary("/a"))) == {
        "/a": ["default/new", "default/younger"]
    }


def test_only_the_same_path_of_the_same_type_is_shared() -> None:
    result = compiled(MAIN, canary("/b", path("/a", "Exact", to="new:80"), "/a/b"))
    assert services(result) == {"/a": []}
    assert codes(result) == ["CanaryUnmatched"] * 3
    assert [found.field for found in result.findings] == [
        f"spec.rules[0].http.paths[{number}]" for number in range(3)
    ]


def test_implementation_specific_is_prefix() -> None:
    assert services(compiled(MAIN, canary(path("/a", "ImplementationSpecific", to="new:80")))) == {
        "/a": ["default/new"]
    }


def test_expressions_are_shared_by_their_text() -> None:
    main = ingress("web", rule(HOST, "/x(/|$)(.*)"), annotations={"rewrite-target": "/$2"})
    result = compiled(main, canary("/x(/|$)(.*)"))
    assert services(result) == {"/x(/|$)(.*)": ["default/new"]}
    assert result.host is not None
    assert result.host.routes[0].kind is PathKind.REGEX


def test_a_path_that_became_an_expression_keeps_its_canary() -> None:
    other = ingress("other", rule(HOST, "/b"), annotations={"use-regex": "true"})
    result = compiled(MAIN, other, canary("/a"))
    assert services(result) == {"/a": ["default/new"], "/b": []}


def test_the_default_backend_of_the_catch_all_host_is_shared() -> None:
    main = ingress("web", default="web:80")
    share = ingress("new", default="new:80", annotations={"canary": "true"})
    result = compiled(main, share, host=CATCH_ALL)
    assert result.host is not None and result.host.fallback is not None
    assert [each.backend.service for each in result.host.fallback.alternatives] == ["new"]
    assert codes(result) == []


def test_a_canary_alone_makes_no_host() -> None:
    result = compiled(canary("/a"), flag="")
    assert result.host is None
    assert codes(result) == ["CanaryUnmatched"]


def test_a_canary_with_the_service_of_the_main_one_is_told() -> None:
    result = compiled(MAIN, canary(path("/a", to="web:80"), canary_weight="20"))
    assert services(result) == {"/a": []}
    assert codes(result) == ["CanarySameBackend"]


def test_a_canary_with_a_service_that_is_a_main_one_elsewhere_is_none_of_our_business() -> None:
    main = ingress("web", rule(HOST, "/a", path("/b", to="new:80")))
    assert services(compiled(main, canary("/a"))) == {"/a": ["default/new"], "/b": []}


def test_too_much_weight_is_told_to_the_younger() -> None:
    second = canary(path("/a", to="second:80"), name="z", canary_weight="50")
    third = canary(path("/a", to="third:80"), name="zz", canary_weight="1")
    result = compiled(MAIN, canary("/a", canary_weight="50"), second, third)
    assert codes(result) == ["CanaryOverweight"]
    assert result.findings[0].subject.name == "zz"


def test_what_is_closed_has_no_canaries() -> None:
    main = ingress("web", rule(HOST, "/a"), annotations={"allowlist-source-range": "nonsense"})
    assert services(compiled(main, canary("/a", canary_weight="100"))) == {"/a": []}


def affinity_of(main: dict[str, str], **annotations: str) -> CookieAffinity | None:
    sticky = ingress("web", rule(HOST, "/a"), annotations=main)
    result = compiled(sticky, canary("/a", **annotations))
    assert result.host is not None
    (alternative,) = result.host.routes[0].alternatives
    return alternative.affinity


def test_the_cookie_is_that_of_the_main_one_unless_it_is_legacy() -> None:
    main = {"affinity": "cookie", "session-cookie-name": "main"}
    own = {"affinity": "cookie", "affinity_mode": "persistent"}
    assert affinity_of(main) == affinity_of(main, **own) == CookieAffinity(name="main")
    assert affinity_of(main, affinity_canary_behavior="legacy") is None
    persistent = CookieAffinity(mode=AffinityMode.PERSISTENT)
    assert affinity_of(main, affinity_canary_behavior="legacy", **own) == persistent
    assert affinity_of({}, **own) == persistent


def test_half_a_canary_gives_way_however_old_it_is() -> None:
    half = ingress(
        "half",
        rule(HOST, path("/a", to="half:80"), path("/half", to="half:80")),
        created="2020-01-01T00:00:00Z",
        annotations={"canary-by-header": "X-Canary"},
    )
    result = compiled(half, MAIN)
    assert result.host is not None
    assert {route.path: route.ingress for route in result.host.routes} == {
        "/a": "default/web",
        "/half": "default/half",
    }
    (told,) = result.findings
    assert (told.code, told.subject.name) == ("PathConflict", "half")
    assert "gives way" in told.message
