"""Which endpoint of a Service gets a request."""

from __future__ import annotations

from ingressd.compiler.annotations.elsewhere import drops_ingress
from ingressd.compiler.annotations.row import Row, Scope, Tier
from ingressd.compiler.annotations.values import boolean, choice, hash_key, integer
from ingressd.routing.policy import LoadBalance

_DECIDES = "the oldest Ingress of the Service port decides"

ROWS = (
    Row(
        name="load-balance",
        elsewhere=drops_ingress,
        field="upstream.load_balance",
        value=choice(LoadBalance),
        scope=Scope.UPSTREAM,
        tier=Tier.EXPECTED,
        summary="round_robin (default), or ewma: of two endpoints at random the one that has "
        f"answered faster lately; {_DECIDES}.",
    ),
    Row(
        name="upstream-hash-by",
        elsewhere=drops_ingress,
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
        requires="upstream-hash-by",
        field="upstream.hash_by_subset",
        value=boolean(),
        scope=Scope.UPSTREAM,
        tier=Tier.RARE,
        summary="Equal texts go to the same few endpoints instead of to one (default false).",
    ),
    Row(
        name="upstream-hash-by-subset-size",
        elsewhere=drops_ingress,
        requires="upstream-hash-by-subset",
        field="upstream.hash_by_subset_size",
        value=integer(at_least=1),
        scope=Scope.UPSTREAM,
        tier=Tier.RARE,
        summary="How many endpoints these are (default 3).",
    ),
)
