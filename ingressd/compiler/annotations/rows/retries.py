"""When a request is tried again at another endpoint."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Row, Support, Tier


def _retry_row(name: str, summary: str, usual: str) -> Row:
    """A row that is not served yet."""
    return Row(
        name=name,
        tier=Tier.COMMON,
        summary=summary,
        support=Support.NOT_YET,
        instead="up to 3 endpoints are tried after an error, as without it",
        remedy="remove it, or let the client try again",
        usual=usual,
    )


ROWS = (
    _retry_row(
        "proxy-next-upstream",
        "What makes a request be tried at another endpoint (default error timeout), or off.",
        "",  # a timeout after the request was sent is not tried again
    ),
    _retry_row("proxy-next-upstream-tries", "Tries in all, 0 for no limit (default 3).", "3"),
    _retry_row(
        "proxy-next-upstream-timeout", "Seconds for all tries, 0 for no limit (default 0).", "0"
    ),
)
