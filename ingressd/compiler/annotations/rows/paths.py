"""Which requests an Ingress takes, and the path that its pods are asked for."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Row, Scope, Support, Tier
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
        tier=Tier.COMMON,
        summary="Replaces the whole path; $1 to $9 are groups of the path, which becomes a regular "
        "expression with all others of the host. A URL is answered with a 302.",
    ),
    Row(
        name="x-forwarded-prefix",
        requires="rewrite-target",
        tier=Tier.EXPECTED,
        summary="X-Forwarded-Prefix of the request to the pod, where its path is rewritten.",
        support=Support.NOT_YET,
        instead="pods get no X-Forwarded-Prefix",
        remedy="tell the application its prefix in its own settings",
    ),
    Row(
        name="server-alias",
        scope=Scope.HOST,
        tier=Tier.EXPECTED,
        summary="More names of the host, separated by commas; the oldest Ingress decides.",
        support=Support.NOT_YET,
        instead="requests for these names get the default backend",
        remedy="write a rule for each name",
    ),
)
