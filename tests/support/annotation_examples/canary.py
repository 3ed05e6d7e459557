"""Canaries."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Directives
from ingressd.routing.policy import CanaryPolicy, HeaderMatch


def canary(**fields: object) -> Directives:
    return Directives(canary=CanaryPolicy(**fields))  # type: ignore[arg-type]


def by_header(match: HeaderMatch) -> Directives:
    """With the header of REQUIRED beside it."""
    return canary(header="X-Canary", header_match=match)


EXAMPLES = {
    "canary": [("true", canary()), ("false", Directives())],
    "canary-by-header": [("X-Canary", canary(header="X-Canary"))],
    "canary-by-header-pattern": [
        ("^(dev|qa)$", by_header(HeaderMatch(pattern="^(dev|qa)$"))),
        ("[a-z]{2,3}", by_header(HeaderMatch(pattern="[a-z]{2,3}"))),
        ("(a", by_header(HeaderMatch(pattern="(a"))),
    ],
    "canary-by-header-value": [("you: me", by_header(HeaderMatch(value="you: me")))],
    "canary-by-cookie": [("beta", canary(cookie="beta"))],
    "canary-weight": [("20", canary(weight=20)), ("-1", canary(weight=-1))],
    "canary-weight-total": [("1000", canary(weight=20, weight_total=1000))],
    "affinity-canary-behavior": [
        ("sticky", canary()),
        ("Legacy", canary(is_sticky=False)),
    ],
}
INVALID = [
    ("canary", "yes"),
    ("canary-by-header", "X Canary"),
    ("canary-by-header", ""),
    ("canary-by-header-value", "a;b"),
    ("canary-by-header-pattern", "\u00e9"),
    ("canary-by-cookie", "a=b"),
    ("canary-weight", "20%"),
    ("canary-weight-total", "all"),
    ("affinity-canary-behavior", "loose"),
]
REQUIRED = {"canary": "true", "canary-by-header": "X-Canary", "canary-weight": "20"}
