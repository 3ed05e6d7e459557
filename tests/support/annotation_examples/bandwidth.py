"""Bandwidth."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Directives
from ingressd.routing.policy import Bandwidth, Policy

EXAMPLES = {
    "limit-rate": [
        ("5", Directives(Policy(bandwidth=Bandwidth(rate=5 << 10)))),
        ("0", Directives()),
        ("-1", Directives()),
    ],
    "limit-rate-after": [
        ("10", Directives(Policy(bandwidth=Bandwidth(after=10 << 10)))),
        ("-1", Directives()),
    ],
}
INVALID = [("limit-rate", text) for text in ("5k", "", "9007199254740992")] + [
    ("limit-rate-after", "1m")
]
