"""Which requests an Ingress takes, and the path that its pods are asked for."""

from __future__ import annotations

import re

from ingressd.compiler.annotations.elsewhere import drops_ingress
from ingressd.compiler.annotations.field_values import path_prefix
from ingressd.compiler.annotations.row import Row, Scope, Tier
from ingressd.compiler.annotations.values import Parser, boolean, converted, matching
from ingressd.compiler.host_names import read_host
from ingressd.routing.policy import Rewrite

_REGEX_MARK = "~"


def _read_aliases(text: str) -> tuple[str, ...] | None:
    """The names that are no regular expressions, sorted. Raises ValueError."""
    names = [name for name in _listed(text) if not name.startswith(_REGEX_MARK)]
    return tuple(sorted({read_host(name) for name in names})) or None


def _regex_aliases(text: str) -> str:
    patterns = [name for name in _listed(text) if name.startswith(_REGEX_MARK)]
    if not patterns:
        return ""
    return f"{', '.join(patterns)[:80]} is a regular expression, which no host can be here"


def _variables(text: str) -> str:
    names = re.findall(r"\$(?![1-9])\w*", text)
    return f"{', '.join(names)[:80]} is no group of the path and stays as written" if names else ""


def _listed(text: str) -> list[str]:
    names = [name for part in text.split(",") if (name := part.strip())]
    if not names:
        raise ValueError("no name")
    return names


ROWS = (
    Row(
        name="use-regex",
        field="use_regex",
        value=boolean(),
        scope=Scope.HOST,
        tier=Tier.COMMON,
        summary="Paths of every Ingress of the host are regular expressions, anchored at the start "
        "and case-insensitive.",
    ),
    Row(
        name="rewrite-target",
        field="policy.rewrite",
        value=converted(
            matching(
                r"/?[-._~a-zA-Z0-9/:$]*",
                "a path of letters, digits and - . _ ~ / : $ (no query)",
            ),
            Rewrite,
        ),
        lacks=_variables,
        tier=Tier.COMMON,
        summary="Replaces the whole path; $1 to $9 are groups of the path, which becomes a regular "
        "expression with all others of the host. A URL is answered with a 302.",
    ),
    Row(
        name="x-forwarded-prefix",
        requires="rewrite-target",
        is_read_alone=True,
        field="policy.pod_fields.prefix",
        value=path_prefix(),
        elsewhere=drops_ingress,
        tier=Tier.EXPECTED,
        summary="X-Forwarded-Prefix of the request to the pod, where its path is rewritten; $1 to "
        "$9 are groups of the path.",
    ),
    Row(
        name="server-alias",
        field="host.aliases",
        value=Parser("DNS names, separated by commas", _read_aliases),
        takes_lines=True,
        lacks=_regex_aliases,
        elsewhere=drops_ingress,
        scope=Scope.HOST,
        tier=Tier.EXPECTED,
        summary="More names of the host, separated by commas; the oldest Ingress decides. A name "
        "for which any Ingress has a rule is none, and regular expressions are not served.",
        remedy="write each name",
    ),
)
