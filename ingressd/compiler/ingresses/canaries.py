"""Canaries: Ingresses that have no paths of their own, but a part of the requests of others.

ingress-nginx takes the first canary of a path, and refuses one whose Service is a main one
somewhere. Here a path may have any number of them, with any Service: they are asked in the order
of their age, and their weights add up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from msgspec import structs

from ingressd.compiler.codes import Code, finding
from ingressd.compiler.ingresses.claims import Age, CanaryClaim, CanaryPath
from ingressd.resources.finding import Finding
from ingressd.resources.ingress import Ingress
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.model import CATCH_ALL, Alternative, PathKind, Route
from ingressd.routing.policy import CanaryPolicy, CookieAffinity

_Form: TypeAlias = tuple[PathKind, str]

_ROUNDING = 1e-9  # shares are compared as floating point numbers


class Share(NamedTuple):
    """A path of a canary, and whose it is."""

    claim: CanaryClaim
    path: CanaryPath


class Sharing(NamedTuple):
    """The canaries of one host, oldest first: by path, and those of its default backend."""

    by_form: Mapping[_Form, Sequence[Share]]
    of_fallback: Sequence[Share]

    def of(self, route: Route) -> Sequence[Share]:
        """Those of a path, in the form in which its own Ingress asks for it."""
        return self.by_form.get((route.kind, route.path), ())

    @property
    def all(self) -> Iterator[Share]:
        """Every path of every canary, some of them twice."""
        for shares in self.by_form.values():
            yield from shares
        yield from self.of_fallback


def claim_shares(
    ingress: Ingress,
    age: Age,
    routes: Mapping[str, Sequence[Route]],
    policy: CanaryPolicy,
    affinity: CookieAffinity | None,
) -> dict[str, CanaryClaim]:
    """What a canary wants, by host. ``routes`` are what it would serve if it were none; one without
    a path is its default backend, which shares that of the catch-all host."""
    written = _written_paths(ingress)
    return {
        host: CanaryClaim(
            ingress.key,
            age,
            tuple(_paths(routes_of_host, written)),
            policy,
            affinity,
        )
        for host, routes_of_host in routes.items()
    }


def sharing_of(canaries: Iterable[CanaryClaim]) -> Sharing:
    """The canaries of a host, arranged by what they share."""
    by_form: dict[_Form, list[Share]] = defaultdict(list)
    of_fallback: list[Share] = []
    for claim in sorted(canaries, key=lambda canary: canary.age):
        for path in claim.paths:
            if not path.forms:
                of_fallback.append(Share(claim, path))
            for form in path.forms:
                by_form[form].append(Share(claim, path))
    return Sharing(by_form, of_fallback)


def with_alternatives(route: Route, shares: Sequence[Share]) -> Route:
    """The route with its canaries; one that answers 503 needs none."""
    if route.backend is None or not shares:
        return route
    alternatives = tuple(
        _alternative(share, route) for share in shares if share.path.backend != route.backend
    )
    return structs.replace(route, alternatives=alternatives)


def canary_findings(
    host: str, sharing: Sharing, routes: Iterable[Route], fallback: Route | None
) -> Iterator[Finding]:
    """What is told to the canaries of a host. ``routes`` are in the form in which their own Ingress
    asks for them, those that win first."""
    if not (sharing.by_form or sharing.of_fallback):
        return
    winners: dict[_Form, Route] = {}
    for route in routes:
        winners.setdefault((route.kind, route.path), route)
    shared = [(route, sharing.of(route)) for route in winners.values()]
    if fallback is not None:
        shared.append((fallback, sharing.of_fallback))
    for route, shares in shared:
        yield from _of_route(route, shares)
    matched = {_place(share) for _, shares in shared for share in shares}
    unmatched = {_place(share): share for share in sharing.all if _place(share) not in matched}
    for share in unmatched.values():
        yield _unmatched(host, share)


def _written_paths(ingress: Ingress) -> dict[str, str]:
    """By field, since routes hold paths in the form that requests are compared with."""
    return {
        f"spec.rules[{number}].http.paths[{place}]": path.path or "/"
        for number, rule in enumerate(ingress.spec.rules)
        for place, path in enumerate(rule.http.paths if rule.http is not None else ())
    }


def _paths(routes: Iterable[Route], written: Mapping[str, str]) -> Iterator[CanaryPath]:
    for route in routes:
        if route.backend is None:
            continue
        text = written.get(route.field, "")
        forms = ((route.kind, route.path), (PathKind.REGEX, text)) if text else ()
        yield CanaryPath(route.field, text, forms, route.backend)


def _place(share: Share) -> tuple[ObjectKey, str]:
    return (share.claim.subject, share.path.field)


def _alternative(share: Share, route: Route) -> Alternative:
    """As long as it is sticky, clients stay with it by the cookie of the route, if there is one."""
    claim = share.claim
    affinity = claim.affinity
    if claim.policy.is_sticky and route.policy.affinity is not None:
        affinity = route.policy.affinity
    return Alternative(claim.age.name, share.path.field, share.path.backend, claim.policy, affinity)


def _of_route(route: Route, shares: Sequence[Share]) -> Iterator[Finding]:
    taken = 0.0
    for share in shares:
        if share.path.backend == route.backend:
            yield _same_backend(share, route)
            continue
        taken += share.claim.policy.share
        if taken > 1 + _ROUNDING:
            yield _overweight(share, route)


def _unmatched(host: str, share: Share) -> Finding:
    where = f"host {host}" if host != CATCH_ALL else "the catch-all host"
    what = "default backend" if not share.path.path else f"path {share.path.path!r} of this type"
    return finding(
        Code.CANARY_UNMATCHED,
        share.claim.subject,
        share.path.field,
        f"this Ingress is a canary, and no other one has the {what} on {where}: it gets no request",
        "give it host, path and pathType of the main Ingress, or remove the annotation canary",
    )


def _same_backend(share: Share, route: Route) -> Finding:
    return finding(
        Code.CANARY_SAME_BACKEND,
        share.claim.subject,
        f"{share.path.field}.backend",
        f"Ingress {route.ingress} leads to the same Service port: there is nothing to choose",
        "name the Service of the new version",
    )


def _overweight(share: Share, route: Route) -> Finding:
    return finding(
        Code.CANARY_OVERWEIGHT,
        share.claim.subject,
        share.path.field,
        f"the weights of the canaries of {route.ingress} ({route.field}) add up to more than all "
        "requests: this one gets what older ones leave, and the main Ingress nothing",
        "lower canary-weight of one of them",
    )
