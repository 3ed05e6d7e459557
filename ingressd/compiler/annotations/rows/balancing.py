"""Which endpoint of a Service gets a request."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ingressd.compiler.annotations.elsewhere import (
    drops_ingress,
    drops_unless,
    drops_unless_number,
)
from ingressd.compiler.annotations.row import Directives, Idle, Modified, Row, Scope, Tier
from ingressd.compiler.annotations.values import Parser, boolean, choice, hash_key, integer
from ingressd.routing.policy import LoadBalance

_CHOSEN_BY: Mapping[str, str] = MappingProxyType(
    {
        "chash": "upstream-hash-by",
        "chashsubset": "upstream-hash-by",
        "sticky_balanced": "affinity",
        "sticky_persistent": "affinity",
    }
)
"""Ways of ingress-nginx, and the annotations that choose them."""

_WAYS = choice(LoadBalance)
_DECIDES = "the oldest Ingress of the Service port decides"


def _way(text: str) -> object:
    """None for one that ingress-nginx knows by this name, and ingressd does not."""
    return None if text.strip() in _CHOSEN_BY else _WAYS.parse(text)


def _chosen_otherwise(text: str) -> str:
    return f"{text.strip()} is not chosen by this name" if text.strip() in _CHOSEN_BY else ""


def _hash_outdone(text: str, base: Directives, directives: Directives) -> Idle | None:
    """As in ingress-nginx."""
    if directives.policy.affinity is None:
        return None
    return Idle("affinity goes before it", "remove one of the two", is_suspect=True)


def _way_outdone(text: str, base: Directives, directives: Directives) -> Idle | None:
    """Nobody misses a way that is the usual one, or that is gone all the same."""
    by, way = _goes_before(directives), text.strip()
    if not by or way == base.upstream.load_balance.value:
        return None
    if way == LoadBalance.ROUND_ROBIN.value or _CHOSEN_BY.get(way) == by:
        return Idle(f"{by} goes before it", "leave it or remove it")
    return Idle(f"{by} goes before it", "remove one of the two", is_suspect=True)


def _goes_before(directives: Directives) -> str:
    """The annotation that chooses an endpoint before ``load-balance`` does, "" for none."""
    if directives.policy.affinity is not None:
        return "affinity"
    return "upstream-hash-by" if directives.upstream.hash_by else ""


ROWS = (
    Row(
        name="load-balance",
        elsewhere=drops_ingress,
        field="upstream.load_balance",
        value=Parser(_WAYS.expected, _way),
        lacks=_chosen_otherwise,
        idles=_way_outdone,
        remedy="remove it, and write upstream-hash-by or affinity",
        scope=Scope.UPSTREAM,
        tier=Tier.EXPECTED,
        summary="round_robin (default), or ewma: of two endpoints at random the one that has "
        f"answered faster lately; {_DECIDES}.",
    ),
    Row(
        name="upstream-hash-by",
        elsewhere=drops_unless("[-A-Za-z0-9_${}]*"),
        idles=_hash_outdone,
        field="upstream.hash_by",
        value=hash_key(),
        scope=Scope.UPSTREAM,
        tier=Tier.EXPECTED,
        summary="Text with variables, such as $request_uri: equal texts go to the same endpoint; "
        f"{_DECIDES}. Session affinity goes before it.",
    ),
    Row(
        name="upstream-hash-by-subset",
        elsewhere=drops_ingress,
        is_read_alone=True,
        requires="upstream-hash-by",
        field="upstream.hash_by_subset",
        value=boolean(),
        scope=Scope.UPSTREAM,
        tier=Tier.RARE,
        summary="Equal texts go to the same few endpoints instead of to one (default false).",
    ),
    Row(
        name="upstream-hash-by-subset-size",
        elsewhere=drops_unless_number,
        modifies=Modified(
            "`upstream-hash-by-subset: true`", lambda directives: directives.upstream.hash_by_subset
        ),
        field="upstream.hash_by_subset_size",
        value=integer(at_least=1),
        scope=Scope.UPSTREAM,
        tier=Tier.RARE,
        summary="How many endpoints these are (default 3).",
    ),
)
