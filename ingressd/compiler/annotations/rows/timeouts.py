"""Timeouts towards the pods."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Row, Tier
from ingressd.compiler.annotations.values import seconds


def _timeout_row(name: str, field: str, summary: str) -> Row:
    return Row(
        name=name,
        field=f"policy.timeouts.{field}",
        value=seconds(),
        tier=Tier.COMMON,
        summary=summary,
    )


ROWS = (
    _timeout_row("proxy-connect-timeout", "connect", "Seconds to connect to a pod (default 5)."),
    _timeout_row("proxy-read-timeout", "read", "Seconds between two reads (default 60)."),
    _timeout_row("proxy-send-timeout", "send", "Seconds between two writes (default 60)."),
)
