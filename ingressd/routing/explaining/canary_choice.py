"""Which backend of a route with canaries a request goes to, as far as that can be told, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from ingressd.routing.deciding.canaries import Canary, Decision, Find, decide_canary
from ingressd.routing.model import Alternative, Route, Upstream
from ingressd.routing.policy import CookieAffinity


class CanaryChoice(Struct, frozen=True):
    """``upstream`` takes the request, or can be the one that does; ``reason`` is "" where there is
    nothing to choose from. ``affinity`` is what keeps clients on its endpoints."""

    upstream: Upstream
    affinity: CookieAffinity | None
    reason: str = ""


def choose_canary(
    route: Route, main: Upstream, upstreams: Mapping[str, Upstream], header: Find, cookie: Find
) -> CanaryChoice:
    """``main`` is the upstream that serves the route; ``header`` and ``cookie`` are those of the
    request. What is in a cookie of ours cannot be told without the key that workers have."""
    usual = CanaryChoice(main, route.policy.affinity)
    if not route.alternatives or route.backend is None or main.key != route.backend.upstream:
        return usual
    decision = decide_canary(tuple(map(Canary, route.alternatives)), header, cookie)
    first = _first(decision)
    upstream = None if first is None else upstreams.get(first.backend.upstream)
    reason = _unless_kept(route, cookie) + _reason(decision, main, upstreams)
    if first is None or upstream is None or not upstream.endpoints:
        return CanaryChoice(main, usual.affinity, reason)
    return CanaryChoice(upstream, first.affinity, reason)


def shares_of(canaries: Sequence[Canary]) -> Iterator[tuple[Canary, float]]:
    """What chance gives to each, as long as anything is left."""
    left = 1.0
    for canary in canaries:
        share = min(canary.share, left)
        if share:
            yield canary, share
        left -= share


def _first(decision: Decision) -> Alternative | None:
    """The canary that takes the request for certain."""
    if decision.canary is not None:
        return decision.canary.alternative
    certain = (canary for canary, share in shares_of(decision.undecided) if share == 1)
    found = next(certain, None)
    return None if found is None else found.alternative


def _reason(decision: Decision, main: Upstream, upstreams: Mapping[str, Upstream]) -> str:
    canary = decision.canary
    if canary is not None:
        name = canary.alternative.policy.header if decision.cause == "header" else canary.cookie
        return f"the {decision.cause} {name} gives it to {_named(canary, main, upstreams)}"
    drawn = tuple(shares_of(decision.undecided))
    if not drawn:
        return f"no header and no cookie gives it to a canary: it goes to {main.key}"
    parts = [f"{share * 100:g} % go to {_named(each, main, upstreams)}" for each, share in drawn]
    if math.fsum(share for _, share in drawn) < 1:
        parts.append(f"the others to {main.key}")
    return f"chance decides: {', '.join(parts)}"


def _named(canary: Canary, main: Upstream, upstreams: Mapping[str, Upstream]) -> str:
    alternative = canary.alternative
    key = alternative.backend.upstream
    upstream = upstreams.get(key)
    named = f"{key} (canary {alternative.ingress})"
    if upstream is None or not upstream.endpoints:
        return f"{named}, which has no endpoint and leaves it to {main.key}"
    return named


def _unless_kept(route: Route, cookie: Find) -> str:
    """Affinity goes before everything else."""
    sticky = (each.affinity for each in route.alternatives if each.policy.is_sticky)
    for affinity in (route.policy.affinity, *sticky):
        if affinity is not None and cookie(affinity.name) is not None:
            return f"the cookie {affinity.name} keeps clients with the backend that set it; else "
    return ""
