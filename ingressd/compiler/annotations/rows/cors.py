"""Cross-origin requests of browsers."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Row, Support, Tier

_ENABLE = "enable-cors"


def _cors_row(name: str, summary: str) -> Row:
    """A row that needs ``enable-cors`` beside it."""
    return Row(
        name=name,
        requires=_ENABLE,
        tier=Tier.COMMON,
        summary=summary,
        support=Support.NOT_YET,
        instead="only what the application answers counts",
    )


ROWS = (
    Row(
        name=_ENABLE,
        tier=Tier.COMMON,
        summary="Answer OPTIONS and set the Access-Control headers (default false).",
        support=Support.NOT_YET,
        instead="no Access-Control header is set, and OPTIONS goes to the pods",
        remedy="let the application answer cross-origin requests",
        usual="false",
    ),
    _cors_row(
        "cors-allow-origin",
        'Origins, separated by commas; "*" for any, "https://*.DOMAIN" for all below (default *).',
    ),
    _cors_row(
        "cors-allow-methods",
        "Methods (default GET, PUT, POST, DELETE, PATCH, OPTIONS).",
    ),
    _cors_row(
        "cors-allow-headers",
        "Request headers (default DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,"
        "Cache-Control,Content-Type,Range,Authorization).",
    ),
    _cors_row("cors-allow-credentials", "Whether credentials may be sent (default true)."),
    _cors_row("cors-expose-headers", "Headers of the answer that scripts may read."),
    _cors_row("cors-max-age", "Seconds that a browser may remember all this (default 1728000)."),
)
