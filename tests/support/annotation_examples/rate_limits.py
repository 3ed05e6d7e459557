"""Rate limits."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Directives
from ingressd.routing.policy import Policy, RateLimits


def limits(**fields: object) -> Directives:
    return Directives(Policy(rate_limits=RateLimits(**fields)))  # type: ignore[arg-type]


EXAMPLES = {
    "limit-rps": [("10", limits(per_second=10)), ("0", limits()), ("-1", limits())],
    "limit-rpm": [("300", limits(per_minute=300))],
    "limit-connections": [("2", limits(connections=2))],
    "limit-burst-multiplier": [("1", limits(burst_multiplier=1))],
    "limit-allowlist": [
        ("10.0.0.0/8, 2001:db8::1", limits(exempt=("10.0.0.0/8", "2001:db8::1"))),
        ("192.0.2.1", limits(exempt=("192.0.2.1",))),
    ],
}
INVALID = [
    *(("limit-rps", text) for text in ("10r/s", "", "1.5", " 10", "9" * 30)),
    ("limit-connections", "many"),
    ("limit-burst-multiplier", "0"),
    ("limit-allowlist", "10.0.0.0/33"),
    ("limit-allowlist", "example.com"),
    ("limit-allowlist", "10.0.0.0/8,"),
]
