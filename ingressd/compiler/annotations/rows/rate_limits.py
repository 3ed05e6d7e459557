"""How much one client may ask for."""

from __future__ import annotations

from ingressd.compiler.annotations.elsewhere import drops_ingress
from ingressd.compiler.annotations.protection import always
from ingressd.compiler.annotations.row import Directives, Idle, Modified, Row, Scope, Tier
from ingressd.compiler.annotations.vain_limits import no_limit
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
        idles=no_limit,
    )


def _names_nobody(text: str, base: Directives, directives: Directives) -> Idle | None:
    if directives.policy.rate_limits.exempt:
        return None
    return Idle("it names nobody", "name addresses or networks, or remove it")


def _has_rate(directives: Directives) -> bool:
    limits = directives.policy.rate_limits
    return limits.per_second > 0 or limits.per_minute > 0


def _has_limit(directives: Directives) -> bool:
    return _has_rate(directives) or directives.policy.rate_limits.connections > 0


ROWS = (
    _limit_row("limit-rps", "per_second", "Requests a second of one client address, else 503."),
    _limit_row("limit-rpm", "per_minute", "Requests a minute of one client address, else 503."),
    Row(
        name="limit-burst-multiplier",
        modifies=Modified("`limit-rps` or `limit-rpm`", _has_rate),
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
        modifies=Modified("`limit-rps`, `limit-rpm` or `limit-connections`", _has_limit),
        field="policy.rate_limits.exempt",
        value=networks(),
        takes_lines=True,
        idles=_names_nobody,
        scope=Scope.INGRESS,
        tier=Tier.COMMON,
        summary="Addresses and networks, separated by commas, that are not limited.",
        protects=always,
        elsewhere=drops_ingress,
    ),
)
