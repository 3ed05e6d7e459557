"""Regular expressions as paths, and rewriting the path."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Row, Scope, Tier
from ingressd.compiler.annotations.values import boolean, converted, matching
from ingressd.routing.policy import Rewrite

ROWS = (
    Row(
        name="use-regex",
        field="use_regex",
        value=boolean(),
        scope=Scope.HOST,
        tier=Tier.COMMON,
        summary="Paths of every Ingress of the host are regular expressions, anchored at the start "
        "and case-insensitive.",
    ),
    Row(
        name="rewrite-target",
        field="policy.rewrite",
        value=converted(
            matching(
                r"/?[-._~a-zA-Z0-9/:$]*",
                "a path of letters, digits and - . _ ~ / : $ (no query)",
            ),
            Rewrite,
        ),
        scope=Scope.PATH,
        tier=Tier.COMMON,
        summary="Replaces the whole path; $1 to $9 are groups of the path, which becomes a regular "
        "expression with all others of the host. A URL is answered with a 302.",
    ),
)
