"""A second Ingress for the same paths, which takes a part of their requests."""

from __future__ import annotations

from ingressd.compiler.annotations.row import (
    Directives,
    Idle,
    Idles,
    Row,
    Tier,
    never_idle,
)
from ingressd.compiler.annotations.values import (
    Parser,
    converted,
    integer,
    matching,
    one_of,
    parse_int,
    switch,
)
from ingressd.routing.patterns import BadPattern, compile_within
from ingressd.routing.policy import CanaryPolicy, HeaderMatch
from ingressd.routing.policy.canary import LEAST_TOTAL


def _useless_pattern(text: str) -> str:
    """What is said of a regular expression that cannot be had."""
    try:
        compile_within(text.strip(), ignores_case=False)
    except BadPattern as bad:
        return f"{text[:80]!r} matches nothing ({bad}), and who sends the header gets the main pods"
    return ""


def _less_than_none(text: str, base: Directives, directives: Directives) -> Idle | None:
    if parse_int(text) >= 0:
        return None
    return Idle("less than 0 counts as 0", "write 0 or more, or remove it", is_suspect=True)


def _too_small(text: str, base: Directives, directives: Directives) -> Idle | None:
    if parse_int(text) >= LEAST_TOTAL:
        return None
    return Idle(
        f"less than {LEAST_TOTAL} counts as {LEAST_TOTAL}, as in ingress-nginx",
        f"write canary-weight as a share of {LEAST_TOTAL}, and remove this one",
        is_suspect=True,
    )


_IDLES: dict[str, Idles] = {"weight": _less_than_none, "weight_total": _too_small}


def _share_row(name: str, field: str, value: Parser, summary: str, requires: str = "canary") -> Row:
    """A row that says which requests a canary gets."""
    return Row(
        name=name,
        requires=requires,
        field=f"canary.{field}",
        value=value,
        idles=_IDLES.get(field, never_idle),
        of_canaries=True,
        tier=Tier.COMMON,
        summary=summary,
    )


ROWS = (
    Row(
        name="canary",
        field="canary",
        value=switch(on=CanaryPolicy()),
        of_canaries=True,
        tier=Tier.COMMON,
        summary="With true this Ingress takes a part of the requests of those with the same host, "
        "path and pathType. Of its other annotations only those about affinity and Service ports "
        "count.",
    ),
    _share_row(
        "canary-by-header",
        "header",
        matching(r"[-._~0-9A-Za-z]+", "the name of a header field"),
        "Header that decides: always is the canary, never the main Ingress.",
    ),
    Row(
        name="canary-by-header-pattern",
        requires="canary-by-header",
        field="canary.header_match",
        value=converted(
            matching(r"[ -~]+", "a regular expression of printable ASCII"),
            lambda text: HeaderMatch(pattern=text),
        ),
        lacks=_useless_pattern,
        remedy="write a regular expression without look-around and back-references",
        of_canaries=True,
        tier=Tier.COMMON,
        summary="Regular expression for values of that header which mean the canary.",
    ),
    # Behind the pattern: where both are set, this one counts.
    _share_row(
        "canary-by-header-value",
        "header_match",
        converted(
            matching(r"[-._~0-9A-Za-z/: ]+", "letters, digits, spaces and any of -._~/:"),
            lambda text: HeaderMatch(value=text),
        ),
        "Value of that header which means the canary, instead of always and never.",
        requires="canary-by-header",
    ),
    _share_row(
        "canary-by-cookie",
        "cookie",
        # RFC 6265 section 4.1.1: a token.
        matching(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+", "a cookie name (RFC 6265 token)"),
        "Cookie that decides, after the header: always is the canary, never the main Ingress.",
    ),
    _share_row(
        "canary-weight",
        "weight",
        integer(),
        "Share of the requests that neither header nor cookie decides (default 0). Those of "
        "several canaries add up.",
    ),
    _share_row(
        "canary-weight-total",
        "weight_total",
        integer(),
        "What canary-weight is a share of, if that is more than 100 (default 100).",
        requires="canary-weight",
    ),
    Row(
        name="affinity-canary-behavior",
        requires="canary",
        field="canary.is_sticky",
        value=converted(one_of("sticky", "legacy"), lambda word: word == "sticky"),
        of_canaries=True,
        tier=Tier.EXPECTED,
        summary="sticky (default): the affinity cookie of the main Ingress keeps clients with the "
        "canary, too; legacy: each request is decided anew.",
    ),
)
