"""When a request is tried again at another endpoint."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Modified, Row, Tier
from ingressd.compiler.annotations.values import integer, retry_conditions, seconds
from ingressd.routing.policy import RetryAfter

_OFF = RetryAfter()
_RETRIES = Modified(
    "a `proxy-next-upstream` other than off",
    lambda directives: directives.policy.retries.after != _OFF,
)

ROWS = (
    Row(
        name="proxy-next-upstream",
        field="policy.retries.after",
        value=retry_conditions(),
        takes_lines=True,
        tier=Tier.COMMON,
        summary="What makes a request be tried at another endpoint: words out of error, timeout, "
        "invalid_header, http_500, http_502, http_503, http_504, http_403, http_404, http_429, "
        "non_idempotent; or off. Without it: a failed connection, and for idempotent methods a "
        "used one that the pod closed. An answer that has begun is tried again for its status or "
        "its form alone.",
    ),
    Row(
        name="proxy-next-upstream-tries",
        field="policy.retries.tries",
        modifies=_RETRIES,
        value=integer(at_least=0),
        tier=Tier.COMMON,
        summary="Tries in all, 0 for each endpoint once (default 3).",
    ),
    Row(
        name="proxy-next-upstream-timeout",
        field="policy.retries.timeout",
        modifies=_RETRIES,
        value=seconds(at_least=0),
        tier=Tier.COMMON,
        summary="Seconds after which no other try begins, 0 for no limit (default 0).",
    ),
)
