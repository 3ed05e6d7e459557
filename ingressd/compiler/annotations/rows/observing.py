"""Logs and traces."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Row, Support, Tier
from ingressd.compiler.annotations.values import boolean


def _trace_row(name: str, summary: str, *, usual: str = "") -> Row:
    return Row(
        name=name,
        tier=Tier.RARE,
        summary=summary,
        support=Support.NOT_YET,
        instead="ingressd sends no traces; headers of traces are passed on",
        remedy="trace in the application",
        usual=usual,
    )


ROWS = (
    Row(
        name="enable-access-log",
        tier=Tier.EXPECTED,
        field="policy.is_logged",
        value=boolean(),
        summary="Whether requests for these paths are logged (default true).",
    ),
    Row(
        name="enable-rewrite-log",
        tier=Tier.RARE,
        summary="Log how nginx rewrites.",
        support=Support.NO_OP,
        instead="ingressd explain shows how a path is rewritten",
        remedy="leave it or remove it",
    ),
    _trace_row("enable-opentelemetry", "Whether spans are sent for these paths.", usual="false"),
    _trace_row("opentelemetry-operation-name", "Name of these spans."),
    _trace_row("opentelemetry-trust-incoming-span", "Continue the client's trace (default true)."),
)
