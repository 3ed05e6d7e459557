"""Copies of requests, sent elsewhere; what comes back is thrown away."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Row, Support, Tier

_TARGET = "mirror-target"

ROWS = (
    Row(
        name=_TARGET,
        tier=Tier.RARE,
        summary="URL that gets a copy of each request.",
        support=Support.NOT_YET,
        instead="requests are not copied",
        remedy="copy them in the application, or do without",
    ),
    Row(
        name="mirror-host",
        requires=_TARGET,
        tier=Tier.RARE,
        summary="Host of the copy (default: that of the URL).",
        support=Support.NOT_YET,
        instead="requests are not copied",
    ),
    Row(
        name="mirror-request-body",
        requires=_TARGET,
        tier=Tier.RARE,
        summary="Copy the body, too: on (default) or off.",
        support=Support.NOT_YET,
        instead="requests are not copied",
    ),
)
