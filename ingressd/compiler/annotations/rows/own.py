"""What snippets were used for most, as annotations of ingressd's own."""

from __future__ import annotations

from ingressd.compiler.annotations.condition_values import conditional_redirects, denied_paths
from ingressd.compiler.annotations.field_values import (
    field_edits,
    is_managed_in_answers,
    is_managed_towards_pods,
    removes_something,
)
from ingressd.compiler.annotations.protection import always
from ingressd.compiler.annotations.row import Row, Tier

PREFIX = "ingressd.dev"
"""Of their names, whatever --annotations-prefix says."""

_NONE_COUNTS = "none of its lines counts"

ROWS = (
    Row(
        name="denied-paths",
        field="policy.denied",
        value=denied_paths(),
        takes_lines=True,
        protects=always,
        tier=Tier.EXPECTED,
        summary='Paths that nobody gets, one a line: "/admin" and all below it, "/admin*" for '
        'whatever starts so, "= /admin" alone, "~ \\.git" for an expression found anywhere in the '
        "path, whatever its case. A status behind it is answered instead of 403.",
    ),
    Row(
        name="redirect-if",
        instead=_NONE_COUNTS,
        field="policy.redirects_if",
        value=conditional_redirects(),
        takes_lines=True,
        tier=Tier.EXPECTED,
        summary='Redirects on conditions, one a line: "host = old.example 301 '
        'https://new.example$request_uri". What counts is host, path, scheme, method or header '
        "NAME, which = (or !=) compares and ~ (or !~) searches for an expression, whatever its "
        "case; $1 to $9 are its groups. The first line that is met counts.",
    ),
    Row(
        name="request-headers",
        instead=_NONE_COUNTS,
        field="policy.pod_fields.edits",
        value=field_edits(is_managed_towards_pods),
        takes_lines=True,
        protects=removes_something,
        tier=Tier.EXPECTED,
        summary='Headers that pods get, one a line: "set NAME: VALUE", "add NAME: VALUE" or '
        '"remove NAME", with variables such as $host in values.',
    ),
    Row(
        name="response-headers",
        instead=_NONE_COUNTS,
        field="policy.answer_fields.edits",
        value=field_edits(is_managed_in_answers),
        takes_lines=True,
        tier=Tier.EXPECTED,
        summary="Headers of every answer, in the same way.",
    ),
)
