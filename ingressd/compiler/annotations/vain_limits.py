"""Limits that limit nothing, as 0 and less do in ingress-nginx: who wrote them is told."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Directives, Idle
from ingressd.compiler.annotations.values import parse_int


def no_limit(text: str, base: Directives, directives: Directives) -> Idle | None:
    """Of a number of requests."""
    number = parse_int(text)
    if number > 0:
        return None
    return Idle(
        "it sets no limit: 0 and less mean none, as in ingress-nginx",
        "write a number from 1 on, or remove it",
        is_suspect=number < 0,
    )


def no_rate(text: str, base: Directives, directives: Directives) -> Idle | None:
    """Of a bandwidth: 0 may be written to lift the limit that the ConfigMap sets."""
    if not base.policy.bandwidth.rate:
        return no_limit(text, base, directives)
    if parse_int(text) >= 0:
        return None
    return Idle(
        "less than 0 counts as 0: the limit of the ConfigMap is lifted, as in ingress-nginx",
        "write a number of kilobytes, or 0 for no limit",
        is_suspect=True,
    )


def nothing_ahead(text: str, base: Directives, directives: Directives) -> Idle | None:
    """Of what comes before a bandwidth counts."""
    if parse_int(text) >= 0:
        return None
    return Idle(
        "less than 0 counts as 0: the limit holds from the first byte, as in ingress-nginx",
        "write a number of kilobytes, or remove it",
        is_suspect=True,
    )
