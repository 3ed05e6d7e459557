"""Logs and traces."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Row, Support, Tier
from ingressd.compiler.annotations.values import Parser, boolean, matching


def _trace_row(name: str, value: Parser, summary: str, *, usual: str = "") -> Row:
    return Row(
        name=name,
        value=value,
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
        value=boolean(),
        tier=Tier.RARE,
        summary="Log how nginx rewrites.",
        support=Support.NO_OP,
        instead="ingressd explain shows how a path is rewritten",
        remedy="leave it or remove it",
    ),
    _trace_row(
        "enable-opentelemetry", boolean(), "Whether spans are sent for these paths.", usual="false"
    ),
    _trace_row(
        "opentelemetry-operation-name",
        matching("[-_A-Za-z0-9]+", "letters, digits, - and _"),
        "Name of these spans.",
    ),
    _trace_row(
        "opentelemetry-trust-incoming-span",
        boolean(),
        "Continue the client's trace (default true).",
    ),
)
