"""Retries."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Directives
from ingressd.routing.policy import Policy, Retries, RetryAfter


def retries(**fields: object) -> Directives:
    return Directives(Policy(retries=Retries(**fields)))  # type: ignore[arg-type]


EXAMPLES = {
    "proxy-next-upstream": [
        ("error timeout", retries(after=RetryAfter(error=True, timeout=True))),
        (" invalid_header  non_idempotent ", retries(
            after=RetryAfter(invalid_header=True, non_idempotent=True))),
        ("http_503 http_404 http_503", retries(after=RetryAfter(statuses=(404, 503)))),
        ("off", retries(after=RetryAfter())),
        ("error off", retries(after=RetryAfter())),
    ],
    "proxy-next-upstream-tries": [("1", retries(tries=1)), ("0", retries(tries=0))],
    "proxy-next-upstream-timeout": [("30", retries(timeout=30.0)), ("0", retries())],
}  # fmt: skip
INVALID = [
    *(("proxy-next-upstream", text) for text in ("", "errors", "http_501", "error,timeout")),
    *(("proxy-next-upstream-tries", text) for text in ("-1", "many", "3s")),
    ("proxy-next-upstream-timeout", "30s"),
]
