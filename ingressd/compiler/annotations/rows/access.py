"""Who may come, by address."""

from __future__ import annotations

from ingressd.compiler.annotations.protection import always
from ingressd.compiler.annotations.row import Row, Support, Tier

_ELSEWHERE = (
    "let the load balancer or a NetworkPolicy admit only these addresses, then remove the "
    "annotation"
)

ROWS = (
    Row(
        name="allowlist-source-range",
        aliases=("whitelist-source-range",),
        tier=Tier.COMMON,
        summary="Addresses and networks, separated by commas, that may come; all others get 403.",
        protects=always,
        support=Support.NOT_YET,
        remedy=_ELSEWHERE,
    ),
    Row(
        name="denylist-source-range",
        tier=Tier.COMMON,
        summary="Addresses and networks, separated by commas, that get 403; goes before the "
        "allowlist.",
        protects=always,
        support=Support.NOT_YET,
        remedy=_ELSEWHERE,
    ),
    Row(
        name="satisfy",
        tier=Tier.COMMON,
        summary="all (default): allowlist and authentication must both admit; any: one suffices.",
        protects=always,
        support=Support.NOT_YET,
        usual="all",
    ),
)
