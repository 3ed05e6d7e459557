"""Who may come, by address."""

from __future__ import annotations

from ingressd.compiler.annotations.protection import always
from ingressd.compiler.annotations.row import Directives, Modified, Row, Tier
from ingressd.compiler.annotations.values import Parser, matching, networks

_NETWORKS = networks(may_be_empty=False)
_WHICH = matching("any|all", "any or all")


def _has_choice(directives: Directives) -> bool:
    """Whether there is more than one way to be kept out."""
    policy = directives.policy
    has_list = bool(policy.access.allow or policy.access.deny or directives.blocked)
    asks = (policy.access.basic_auth is not None, policy.external_auth is not None)
    return has_list + sum(asks) > 1


ROWS = (
    Row(
        name="allowlist-source-range",
        aliases=("whitelist-source-range",),
        field="policy.access.allow",
        value=_NETWORKS,
        takes_lines=True,
        tier=Tier.COMMON,
        summary="Addresses and networks, separated by commas, that may come; all others get 403.",
        protects=always,
    ),
    Row(
        name="denylist-source-range",
        field="policy.access.deny",
        value=_NETWORKS,
        takes_lines=True,
        tier=Tier.COMMON,
        summary="Addresses and networks, separated by commas, that get 403; goes before the "
        "allowlist.",
        protects=always,
    ),
    Row(
        name="satisfy",
        modifies=Modified("two out of a list of networks, `auth-type` and `auth-url`", _has_choice),
        field="policy.access.any_suffices",
        value=Parser(_WHICH.expected, lambda text: _WHICH.parse(text) == "any"),
        tier=Tier.COMMON,
        summary="all (default): allowlist and authentication must both admit; any: one suffices.",
    ),
)
