"""Timeouts towards the pods."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Row, Tier
from ingressd.compiler.annotations.values import seconds


def _timeout_row(name: str, field: str, summary: str) -> Row:
    return Row(
        name=name,
        field=field,
        value=seconds(),
        tier=Tier.COMMON,
        summary=summary,
    )


ROWS = (
    _timeout_row(
        "proxy-connect-timeout",
        "policy.timeouts.connect",
        "Seconds to connect to a pod (default 5).",
    ),
    _timeout_row(
        "proxy-read-timeout",
        "read_timeout",
        "Seconds between two reads, and for which a WebSocket may be idle (default 60, and 3600 "
        "for a WebSocket).",
    ),
    _timeout_row(
        "proxy-send-timeout",
        "policy.timeouts.send",
        "Seconds between two writes (default 60).",
    ),
)
