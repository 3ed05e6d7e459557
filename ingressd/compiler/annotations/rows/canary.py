"""A second Ingress for the same paths, which takes a part of their requests."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Row, Scope, Tier
from ingressd.compiler.annotations.values import boolean

CANARY = "canary"

ROWS = (
    Row(
        name=CANARY,
        field="is_canary",
        value=boolean(),
        scope=Scope.PATH,
        tier=Tier.EXPECTED,
        summary="An Ingress with true is not served yet: all requests go to the main one.",
    ),
)
