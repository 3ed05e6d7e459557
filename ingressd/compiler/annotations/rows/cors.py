"""Cross-origin requests of browsers."""

from __future__ import annotations

import re

from ingressd.compiler.annotations.row import Row, Tier, nothing_lacking
from ingressd.compiler.annotations.values import (
    Parser,
    boolean,
    integer,
    matching,
    parse_text,
    switch,
)
from ingressd.routing.policy import ANY_ORIGIN, Cors

_ENABLE = "enable-cors"
_ORIGINS = re.compile(r"(?:[A-Za-z0-9.,-]|\*\.|:[0-9]|(?<=[a-z])://)*|\*")
_ORIGIN = re.compile(r"[a-z]+://(?:\*\.)?[A-Za-z0-9.-]+(?::[0-9]+)?|null")
_NAMES = r"[{letters}]+(?:(?:, ?| )[{letters}]+)*(?:, ?| )?"


def _read_origins(text: str) -> tuple[str, ...]:
    """The origins that ingress-nginx would take, one by one. Raises ValueError."""
    value = parse_text(text)
    if not _ORIGINS.fullmatch(value.replace(" ", "")):
        raise ValueError("not a list of origins")
    entries = [entry.strip() for entry in value.split(",")]
    if ANY_ORIGIN in entries:
        return (ANY_ORIGIN,)
    return tuple(dict.fromkeys(entry for entry in entries if _ORIGIN.fullmatch(entry)))


def _skipped_origins(text: str) -> str:
    """What is said of entries that count for nothing."""
    entries = [entry.strip() for entry in text.split(",")]
    skipped = [entry for entry in entries if not _ORIGIN.fullmatch(entry)]
    if not skipped or entries == [ANY_ORIGIN]:
        return ""
    if "" in skipped:
        return "an empty entry is skipped (in ingress-nginx it lets every origin in)"
    shown = ", ".join(map(repr, skipped))[:80]
    nobody = ", so that nobody is let in" if len(skipped) == len(entries) else ""
    return f"{shown} is no scheme://host[:port] and is skipped{nobody}"


def _cors_row(name: str, field: str, value: Parser, summary: str) -> Row:
    """A row that needs ``enable-cors`` beside it."""
    return Row(
        name=name,
        requires=_ENABLE,
        field=f"policy.cors.{field}",
        value=value,
        lacks=_skipped_origins if field == "origins" else nothing_lacking,
        tier=Tier.COMMON,
        summary=summary,
    )


ROWS = (
    Row(
        name=_ENABLE,
        field="policy.cors",
        value=switch(on=Cors()),
        tier=Tier.COMMON,
        summary="Answer OPTIONS and set the Access-Control headers (default false).",
    ),
    _cors_row(
        "cors-allow-origin",
        "origins",
        Parser('"*", or origins such as https://a.example.com, separated by commas', _read_origins),
        'Origins, separated by commas; "*" for any, "https://*.DOMAIN" for all names one label '
        "below (default *).",
    ),
    _cors_row(
        "cors-allow-methods",
        "methods",
        matching(_NAMES.format(letters="A-Za-z"), "methods, separated by commas"),
        "Methods (default GET, PUT, POST, DELETE, PATCH, OPTIONS).",
    ),
    _cors_row(
        "cors-allow-headers",
        "headers",
        matching(r"[A-Za-z0-9_, -]+", "names of headers, separated by commas"),
        "Request headers (default DNT, Keep-Alive, User-Agent, X-Requested-With, "
        "If-Modified-Since, Cache-Control, Content-Type, Range, Authorization).",
    ),
    _cors_row(
        "cors-allow-credentials",
        "credentials",
        boolean(),
        "Whether credentials may be sent (default true).",
    ),
    _cors_row(
        "cors-expose-headers",
        "expose_headers",
        matching(
            _NAMES.format(letters=r"A-Za-z0-9_*\-"), 'names of headers or "*", separated by commas'
        ),
        "Headers of the answer that scripts may read.",
    ),
    _cors_row(
        "cors-max-age",
        "max_age",
        integer(),
        "Seconds that a browser may remember all this (default 1728000).",
    ),
)
