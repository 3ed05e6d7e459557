"""The path a pod is asked for when a policy rewrites it (ingress-nginx ``rewrite-target``)."""

from __future__ import annotations

import re

from ingressd.routing.paths import encode_path
from ingressd.routing.patterns import Groups
from ingressd.routing.policy import Rewrite

_GROUP = re.compile(r"\$([0-9])")
REWRITE_REDIRECT_STATUS = 302


def leads_elsewhere(rewrite: Rewrite) -> bool:
    """Whether the client is redirected to the target, since it is a URL and not a path."""
    return rewrite.target.startswith(("http://", "https://"))


def rewritten_target(rewrite: Rewrite, groups: Groups | None, query: str = "") -> str:
    """The whole request target: the rewritten path, encoded, and the query as it came. "" where
    nothing is left of the path, which nginx answers with 500.

    ``groups`` is the match of the route's regular expression; groups it does not have are empty.
    For a target that leads elsewhere the result is the Location.
    """
    text = _GROUP.sub(lambda reference: _group(groups, int(reference[1])), rewrite.target)
    if not text:
        return ""
    if not leads_elsewhere(rewrite) and not text.startswith("/"):
        text = f"/{text}"
    return f"{encode_path(text)}?{query}" if query else encode_path(text)


def _group(groups: Groups | None, number: int) -> str:
    return "" if groups is None else groups[number]
