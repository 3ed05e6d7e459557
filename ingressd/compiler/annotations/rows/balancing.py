"""Which endpoint of a Service gets a request."""

from __future__ import annotations

from ingressd.compiler.annotations.elsewhere import (
    drops_ingress,
    drops_unless,
    drops_unless_number,
)
from ingressd.compiler.annotations.row import Directives, Idle, Modified, Row, Scope, Tier
from ingressd.compiler.annotations.values import Parser, boolean, choice, hash_key, integer
from ingressd.routing.policy import LoadBalance

_HASHING = frozenset({"chash", "chashsubset", "sticky_balanced", "sticky_persistent"})
"""Ways of ingress-nginx that other annotations choose."""

_WAYS = choice(LoadBalance)
_DECIDES = "the oldest Ingress of the Service port decides"


def _way(text: str) -> object:
    """None for one that ingress-nginx knows by this name, and ingressd does not."""
    return None if text.strip() in _HASHING else _WAYS.parse(text)


def _chosen_otherwise(text: str) -> str:
    return f"{text.strip()} is not chosen by this name" if text.strip() in _HASHING else ""


def _outdone_by_affinity(text: str, base: Directives, directives: Directives) -> Idle | None:
    """As in ingress-nginx."""
    if directives.policy.affinity is None:
        return None
    return Idle(
        "affinity goes before it: it holds for other Ingresses of the Service port alone",
        "remove one of the two",
        is_suspect=True,
    )


def _outdone(text: str, base: Directives, directives: Directives) -> Idle | None:
    if directives.upstream.hash_by:
        return Idle("upstream-hash-by goes before it", "remove one of the two", is_suspect=True)
    return _outdone_by_affinity(text, base, directives)


ROWS = (
    Row(
        name="load-balance",
        elsewhere=drops_ingress,
        field="upstream.load_balance",
        value=Parser(_WAYS.expected, _way),
        lacks=_chosen_otherwise,
        idles=_outdone,
        remedy="remove it, and write upstream-hash-by or affinity",
        scope=Scope.UPSTREAM,
        tier=Tier.EXPECTED,
        summary="round_robin (default), or ewma: of two endpoints at random the one that has "
        f"answered faster lately; {_DECIDES}.",
    ),
    Row(
        name="upstream-hash-by",
        elsewhere=drops_unless("[-A-Za-z0-9_${}]*"),
        idles=_outdone_by_affinity,
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
            "upstream-hash-by-subset: true", lambda directives: directives.upstream.hash_by_subset
        ),
        field="upstream.hash_by_subset_size",
        value=integer(at_least=1),
        scope=Scope.UPSTREAM,
        tier=Tier.RARE,
        summary="How many endpoints these are (default 3).",
    ),
)
