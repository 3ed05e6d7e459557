"""Cross-origin requests."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Directives
from ingressd.routing.policy import Cors, Policy


def cors(*origins: str) -> Directives:
    return of(Cors(origins=origins))


def of(policy: Cors) -> Directives:
    return Directives(Policy(cors=policy))


EXAMPLES = {
    "enable-cors": [("true", of(Cors())), ("false", Directives())],
    "cors-allow-origin": [
        ("*", cors("*")),
        ("https://a.test", cors("https://a.test")),
        (" https://a.test:8443 , http://b.test", cors("https://a.test:8443", "http://b.test")),
        ("https://*.a.test,app://x,null", cors("https://*.a.test", "app://x", "null")),
        ("a.test:8080, https://b.test", cors("https://b.test")),
        ("https://a.test,", cors("https://a.test")),
        ("a.test", cors()),
        ("https://a.test, https://a.*.test", cors("https://a.test")),
        ("https://a.test, https://a.test", cors("https://a.test")),
    ],
    "cors-allow-methods": [
        ("POST, GET", of(Cors(methods="POST, GET"))),
        ("GET", of(Cors(methods="GET"))),
        ("GET POST,PUT,", of(Cors(methods="GET POST,PUT,"))),
    ],
    "cors-allow-headers": [("DNT, User-Agent,X_a", of(Cors(headers="DNT, User-Agent,X_a")))],
    "cors-allow-credentials": [("false", of(Cors(credentials=False))), ("true", of(Cors()))],
    "cors-expose-headers": [
        ("*", of(Cors(expose_headers="*"))),
        ("X-A, X-B", of(Cors(expose_headers="X-A, X-B"))),
    ],
    "cors-max-age": [("200", of(Cors(max_age=200)))],
}
INVALID = [
    ("enable-cors", "yes"),
    ("cors-allow-origin", "   "),
    ("cors-allow-origin", "*, a.test"),
    ("cors-allow-origin", "https://a.test/"),
    ("cors-allow-origin", "https://$http_origin"),
    ("cors-allow-origin", "://a.test"),
    ("cors-allow-origin", "https://a.test\nhttps://b.test"),
    ("cors-allow-methods", "GET;"),
    ("cors-allow-methods", "GET,,PUT"),
    ("cors-allow-methods", "A" * 5000 + "!"),
    ("cors-allow-headers", "*"),
    ("cors-allow-headers", "X: y"),
    ("cors-expose-headers", "X-A;"),
    ("cors-allow-credentials", "on"),
    ("cors-max-age", "1h"),
]
