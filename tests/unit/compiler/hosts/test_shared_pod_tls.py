from __future__ import annotations

from ingressd.compiler.hosts.shared_pod_tls import share_pod_tls
from ingressd.compiler.ingresses.claims import Age, Claim
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.model import Backend, PathKind, Route
from ingressd.routing.policy import PodProtocol, PodTls, Policy

SHARED = PodTls("default/a", verify=True)


def claim(
    name: str,
    tls: PodTls | None = None,
    protocol: PodProtocol = PodProtocol.HTTPS,
    namespace: str = "default",
) -> Claim:
    policy = Policy(pod_protocol=protocol, pod_tls=tls)
    backend = Backend(namespace, name, "80")
    route = Route("a.test", "/", PathKind.PREFIX, f"{namespace}/{name}", "field", backend, policy)
    key = ObjectKey("Ingress", namespace, name)
    return Claim(key, Age(False, 0.0, f"{namespace}/{name}"), (route,), fallback=route)


def settings(*claims: Claim) -> list[PodTls | None]:
    shared = share_pod_tls(claims)
    for each in shared:
        assert each.fallback is not None
        assert each.fallback.policy == each.routes[0].policy
    return [each.routes[0].policy.pod_tls for each in shared]


def test_the_oldest_decides_for_those_that_say_nothing() -> None:
    own = PodTls("default/c")
    silent, plain = claim("b"), claim("d", protocol=PodProtocol.HTTP)
    auto = claim("e", protocol=PodProtocol.AUTO)
    given = settings(silent, claim("a", SHARED), claim("c", own), plain, auto)
    assert given == [SHARED, SHARED, own, None, SHARED]


def test_what_is_for_its_own_paths_only_is_not_shared() -> None:
    confined = PodTls("default/a", is_shared=False)
    assert settings(claim("a", confined), claim("b")) == [confined, None]


def test_without_any_the_claims_stay_as_they_are() -> None:
    claims = (claim("a"), claim("b"))
    assert share_pod_tls(claims) is claims


def test_another_namespace_has_no_part_in_it() -> None:
    theirs = PodTls("shop/b")
    given = settings(
        claim("a", SHARED), claim("b", namespace="shop"), claim("c", theirs, namespace="shop")
    )
    assert given == [SHARED, theirs, theirs]
    assert settings(claim("a", SHARED), claim("b", namespace="shop")) == [SHARED, None]
