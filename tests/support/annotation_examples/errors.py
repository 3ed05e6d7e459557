"""Error pages."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Directives
from ingressd.routing.policy import ErrorPages, Policy


def pages(**fields: object) -> Directives:
    return Directives(Policy(error_pages=ErrorPages(**fields)))  # type: ignore[arg-type]


EXAMPLES = {
    "custom-http-errors": [
        ("404", pages(statuses=(404,))),
        (" 503,404,503 ", pages(statuses=(404, 503))),
        ("404, 503", pages(statuses=(404, 503))),
        ("400,599", pages(statuses=(400, 599))),
    ],
    "default-backend": [(" sorry ", Directives(default_backend="sorry"))],
    "disable-proxy-intercept-errors": [("true", pages(of_pods=False)), ("false", pages())],
}
INVALID = [
    *(("default-backend", text) for text in ("", "other/sorry", "sorry:80", "Sorry")),
    *(("custom-http-errors", text) for text in ("", "399", "600", "404 503", "404,", "4xx")),
    ("disable-proxy-intercept-errors", "on"),
]
