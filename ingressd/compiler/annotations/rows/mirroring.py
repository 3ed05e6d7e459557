"""Copies of requests, sent elsewhere; what comes back is thrown away."""

from __future__ import annotations

from ingressd.compiler.annotations.auth_values import service_url, text_with_variables
from ingressd.compiler.annotations.row import Row, Tier
from ingressd.compiler.annotations.values import converted, on_off
from ingressd.routing.policy import Mirror

_TARGET = "mirror-target"

ROWS = (
    Row(
        name=_TARGET,
        field="policy.mirror",
        value=converted(service_url(from_annotation=True, may_lack_slash=True), Mirror),
        tier=Tier.RARE,
        summary="URL, with variables, that gets a copy of each request, such as "
        "http://copies.test$request_uri.",
    ),
    Row(
        name="mirror-host",
        field="policy.mirror.host",
        value=text_with_variables(from_annotation=True),
        requires=_TARGET,
        tier=Tier.RARE,
        summary="Host of the copy (default: that of the URL).",
    ),
    Row(
        name="mirror-request-body",
        field="policy.mirror.sends_body",
        value=on_off(),
        requires=_TARGET,
        tier=Tier.RARE,
        summary="Copy the body, too: on (default) or off. With on it is read whole before the pod "
        "gets it.",
    ),
)
