"""What the client gets when an answer is an error, or no endpoint is there."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Row, Support, Tier

ROWS = (
    Row(
        name="custom-http-errors",
        tier=Tier.EXPECTED,
        summary="Statuses, 400 to 599 with commas between, that the default backend answers.",
        support=Support.NOT_YET,
        instead="errors of pods are passed on, and ingressd's own have its page",
        remedy="let the application send its own error pages",
    ),
    Row(
        name="default-backend",
        tier=Tier.EXPECTED,
        summary="Service of the same namespace that answers where the path's own has no endpoint, "
        "and for custom-http-errors.",
        support=Support.NOT_YET,
        instead="a path without an endpoint answers 503",
        remedy="keep an endpoint of the Service ready",
    ),
    Row(
        name="disable-proxy-intercept-errors",
        tier=Tier.EXPECTED,
        summary="custom-http-errors only for errors of the proxy itself (default false).",
        support=Support.NOT_YET,
        instead="errors of pods are passed on",
        remedy="remove it",
        usual="false",
    ),
)
