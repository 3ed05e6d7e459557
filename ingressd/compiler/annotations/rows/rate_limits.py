"""How much one client may ask for."""

from __future__ import annotations

from ingressd.compiler.annotations.elsewhere import drops_ingress
from ingressd.compiler.annotations.protection import always
from ingressd.compiler.annotations.row import Row, Scope, Tier
from ingressd.compiler.annotations.values import Parser, integer, networks, parse_int

_MOST = Parser("a whole number without a unit", lambda text: max(0, parse_int(text)) or None)
"""As in ingress-nginx, 0 or less is no limit."""


def _limit_row(name: str, field: str, summary: str) -> Row:
    return Row(
        name=name,
        field=f"policy.rate_limits.{field}",
        value=_MOST,
        scope=Scope.INGRESS,
        tier=Tier.COMMON,
        summary=summary,
        protects=always,
        elsewhere=drops_ingress,
    )


ROWS = (
    _limit_row("limit-rps", "per_second", "Requests a second of one client address, else 503."),
    _limit_row("limit-rpm", "per_minute", "Requests a minute of one client address, else 503."),
    Row(
        name="limit-burst-multiplier",
        field="policy.rate_limits.burst_multiplier",
        value=integer(at_least=1),
        scope=Scope.INGRESS,
        tier=Tier.COMMON,
        summary="How many times limit-rps and limit-rpm may come ahead of time (default 5).",
    ),
    _limit_row(
        "limit-connections",
        "connections",
        "Requests at the same time of one client address, else 503.",
    ),
    Row(
        name="limit-allowlist",
        aliases=("limit-whitelist",),
        field="policy.rate_limits.exempt",
        value=networks(),
        scope=Scope.INGRESS,
        tier=Tier.COMMON,
        summary="Addresses and networks, separated by commas, that are not limited.",
        protects=always,
        elsewhere=drops_ingress,
    ),
)
