"""How many requests one client may send."""

from __future__ import annotations

from ingressd.compiler.annotations.protection import always
from ingressd.compiler.annotations.row import Row, Scope, Support, Tier


def _limit_row(name: str, summary: str) -> Row:
    return Row(
        name=name,
        scope=Scope.INGRESS,
        tier=Tier.COMMON,
        summary=summary,
        protects=always,
        support=Support.NOT_YET,
        remedy="limit clients in front of ingressd or in the application, then remove the "
        "annotation",
        usual="0",
    )


ROWS = (
    _limit_row("limit-rps", "Requests a second of one client address, else 503."),
    _limit_row("limit-rpm", "Requests a minute of one client address, else 503."),
    Row(
        name="limit-burst-multiplier",
        scope=Scope.INGRESS,
        tier=Tier.COMMON,
        summary="How many times the rate may come at once (default 5).",
        support=Support.NOT_YET,
    ),
    _limit_row("limit-connections", "Requests at the same time of one client address, else 503."),
    Row(
        name="limit-allowlist",
        aliases=("limit-whitelist",),
        scope=Scope.INGRESS,
        tier=Tier.COMMON,
        summary="Addresses and networks, separated by commas, that are not limited.",
        support=Support.NOT_YET,
    ),
)
