"""Which endpoint of a Service gets a request."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Row, Scope, Support, Tier


def _balancing_row(
    name: str, tier: Tier, summary: str, *, requires: str = "", usual: str = ""
) -> Row:
    """A row that is not served yet: endpoints then take turns."""
    return Row(
        name=name,
        scope=Scope.UPSTREAM,
        requires=requires,
        tier=tier,
        summary=summary,
        support=Support.NOT_YET,
        instead="endpoints take turns",
        remedy="remove it, or keep clients on one endpoint with affinity: cookie",
        usual=usual,
    )


ROWS = (
    _balancing_row(
        "load-balance",
        Tier.EXPECTED,
        "round_robin (default) or ewma.",
        usual="round_robin",
    ),
    _balancing_row(
        "upstream-hash-by",
        Tier.EXPECTED,
        "Text with variables, such as $request_uri: equal texts go to the same endpoint.",
    ),
    _balancing_row(
        "upstream-hash-by-subset",
        Tier.RARE,
        "Equal texts go to the same few endpoints instead of to one (default false).",
        requires="upstream-hash-by",
        usual="false",
    ),
    _balancing_row(
        "upstream-hash-by-subset-size",
        Tier.RARE,
        "How many endpoints these are (default 3).",
        requires="upstream-hash-by-subset",
    ),
)
