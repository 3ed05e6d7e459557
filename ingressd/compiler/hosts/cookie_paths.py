"""Session cookies whose Path would be a regular expression: no browser sends them back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ingressd.compiler.codes import Code, finding
from ingressd.resources.finding import Finding
from ingressd.resources.ingress import Ingress
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.model import PathKind, Route

_EXPRESSION = re.compile(r"[\^$*+?()\[\]{}|\\]")


def told_of_cookies(routes: Iterable[Route]) -> Iterator[Finding]:
    """A warning to each Ingress, about the first of its routes with such a cookie. ``routes`` are
    as they are served."""
    first: dict[str, Route] = {}
    for route in routes:
        if _loses_cookies(route):
            first.setdefault(route.ingress, route)
    return map(_told, first.values())


def _loses_cookies(route: Route) -> bool:
    affinity = route.policy.affinity
    if affinity is None or affinity.path is not None or route.kind is not PathKind.REGEX:
        return False
    return _EXPRESSION.search(route.path) is not None


def _told(route: Route) -> Finding:
    return finding(
        Code.COOKIE_PATH_IS_EXPRESSION,
        ObjectKey(Ingress.__name__, *route.ingress.split("/")),
        f"{route.field}.path",
        f"the cookie of affinity is for the Path {route.path}, as in ingress-nginx; that is a "
        "regular expression, which is the start of no URL: browsers do not send the cookie back, "
        "and each request may go to another pod",
        'add session-cookie-path: "/", or the part of the path that is no expression',
    )
