"""Timeouts."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Directives
from ingressd.routing.policy import Policy, Timeouts


def timeouts(*, written: float | None = None, **seconds: float) -> Directives:
    return Directives(Policy(timeouts=Timeouts(**seconds)), read_timeout=written)


EXAMPLES = {
    "proxy-connect-timeout": [("1", timeouts(connect=1))],
    "proxy-read-timeout": [
        ("1", timeouts(read=1, tunnel=1, written=1)),
        ("60", timeouts(tunnel=60, written=60)),
    ],
    "proxy-send-timeout": [("1", timeouts(send=1))],
}
INVALID = [("proxy-read-timeout", "60s")]
