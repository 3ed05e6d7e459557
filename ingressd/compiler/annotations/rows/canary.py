"""A second Ingress for the same paths, which takes a part of their requests."""

from __future__ import annotations

from ingressd.compiler.annotations.protection import if_true
from ingressd.compiler.annotations.row import Row, Support, Tier
from ingressd.compiler.annotations.values import boolean


def _share_row(name: str, summary: str) -> Row:
    """A row that says which requests a canary gets."""
    return Row(
        name=name,
        requires="canary",
        tier=Tier.COMMON,
        summary=summary,
        support=Support.NOT_YET,
        instead="all requests go to the main Ingress",
    )


ROWS = (
    Row(
        name="canary",
        field="is_canary",
        value=boolean(),
        tier=Tier.COMMON,
        summary="With true this Ingress takes a share of the requests of the one that has the same "
        "host and path.",
        # Served as an ordinary Ingress it could take all requests of the main one.
        protects=if_true,
        support=Support.NOT_YET,
        instead="this Ingress is not served: all requests go to the main one",
        remedy="remove this Ingress, or give it a host of its own and remove the annotation",
        usual="false",
    ),
    _share_row(
        "canary-by-header",
        "Header that decides: always is the canary, never the main Ingress.",
    ),
    _share_row(
        "canary-by-header-value",
        "Value of that header which means the canary, instead of always and never.",
    ),
    _share_row(
        "canary-by-header-pattern",
        "Regular expression for values of that header which mean the canary.",
    ),
    _share_row(
        "canary-by-cookie",
        "Cookie that decides, after the header: always is the canary, never the main Ingress.",
    ),
    _share_row(
        "canary-weight",
        "Share of the requests that neither header nor cookie decides (default 0).",
    ),
    _share_row("canary-weight-total", "What canary-weight is a share of (default 100)."),
)
