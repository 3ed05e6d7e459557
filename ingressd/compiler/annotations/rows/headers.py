"""Headers of answers, changed on their way to the client."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Row, Support, Tier


def _rewritten_row(name: str, summary: str, *, requires: str = "") -> Row:
    """A row about a header of pods that is not served yet."""
    return Row(
        name=name,
        requires=requires,
        tier=Tier.EXPECTED,
        summary=summary,
        support=Support.NOT_YET,
        instead="the header is passed on as the pod sends it",
        remedy=_REMEDY,
        usual="off",
    )


_REMEDY = "let the application send the header as clients need it"

ROWS = (
    Row(
        name="custom-headers",
        tier=Tier.EXPECTED,
        summary="ConfigMap, namespace/name, with headers to set on answers.",
        support=Support.NOT_YET,
        instead="these headers are not set",
        remedy=_REMEDY,
    ),
    _rewritten_row(
        "proxy-cookie-domain", 'Domain of cookies that pods set: "FROM TO", or off (default).'
    ),
    _rewritten_row(
        "proxy-cookie-path", 'Path of cookies that pods set: "FROM TO", or off (default).'
    ),
    _rewritten_row(
        "proxy-redirect-from",
        "What proxy-redirect-to replaces in Location and Refresh; default, or off (default).",
    ),
    _rewritten_row(
        "proxy-redirect-to", "What stands there instead.", requires="proxy-redirect-from"
    ),
)
