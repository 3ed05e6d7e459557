"""Copies of requests."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Directives
from ingressd.routing.policy import Mirror, Policy

TARGET = "http://copies.test$request_uri"


def mirrored(url: str = TARGET, **fields: object) -> Directives:
    """What is read with ``mirror-target`` beside it."""
    return Directives(Policy(mirror=Mirror(url, **fields)))  # type: ignore[arg-type]


EXAMPLES = {
    "mirror-target": [
        (TARGET, mirrored()),
        ("https://test.env.com/$request_uri", mirrored("https://test.env.com/$request_uri")),
        ("http://a.test:81$request_uri", mirrored("http://a.test:81$request_uri")),
        ("http://localhost/mirror", mirrored("http://localhost/mirror")),
    ],
    "mirror-host": [
        ("b.test", mirrored(host="b.test")),
        ("$host", mirrored(host="$host")),
    ],
    "mirror-request-body": [("off", mirrored(sends_body=False)), ("on", mirrored())],
}
INVALID = [
    *(("mirror-target", text) for text in ("copies.test", "ftp://a", "http://a\nb", "http://$x")),
    ("mirror-target", "http://a.test:81$host"),
    *(("mirror-host", text) for text in ("b test", "$unknown", "")),
    *(("mirror-request-body", text) for text in ("false", "OFF", "")),
]
