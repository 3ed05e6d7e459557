"""TLS with pods as the oldest Ingress of a host wants it, for those that do not say (ingress-nginx
``proxy-ssl-secret``, unless ``proxy-ssl-location-only``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import structs

from ingressd.compiler.ingresses.claims import Claim
from ingressd.routing.model import Route
from ingressd.routing.policy import PodProtocol, PodTls


def share_pod_tls(ordered: Sequence[Claim]) -> Sequence[Claim]:
    """The claims on one host, oldest first, with what the first of each namespace says that shares
    it. ingress-nginx shares it with other namespaces, too, whose pods are then shown a certificate
    out of a Secret that they may not use."""
    shared: dict[str, PodTls] = {}
    for claim in ordered:
        for route in _routes(claim):
            settings = route.policy.pod_tls
            if settings is not None and settings.is_shared:
                shared.setdefault(claim.subject.namespace, settings)
    return [_completed(claim, shared) for claim in ordered] if shared else ordered


def _routes(claim: Claim) -> Sequence[Route]:
    return claim.routes if claim.fallback is None else (*claim.routes, claim.fallback)


def _completed(claim: Claim, shared: Mapping[str, PodTls]) -> Claim:
    settings, fallback = shared.get(claim.subject.namespace), claim.fallback
    if settings is None:
        return claim
    return structs.replace(
        claim,
        routes=tuple(_with(route, settings) for route in claim.routes),
        fallback=fallback and _with(fallback, settings),
    )


def _with(route: Route, settings: PodTls) -> Route:
    policy = route.policy
    if policy.pod_tls is not None or policy.pod_protocol is PodProtocol.HTTP:
        return route
    return structs.replace(route, policy=structs.replace(policy, pod_tls=settings))
