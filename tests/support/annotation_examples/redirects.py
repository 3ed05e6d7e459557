"""Redirects."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Directives
from ingressd.routing.policy import HostPolicy, Policy, Redirect, TlsRedirect

ALWAYS = Directives(Policy(tls_redirect=TlsRedirect.ALWAYS), force_ssl_redirect=True)
OFF = Directives(Policy(tls_redirect=TlsRedirect.OFF), ssl_redirect=False)


def to(location: str, status: int) -> Directives:
    return Directives(Policy(redirect=Redirect(location, status)))


EXAMPLES = {
    "ssl-redirect": [("true", Directives()), ("false", OFF)],
    "force-ssl-redirect": [("true", ALWAYS), ("false", Directives())],
    "permanent-redirect": [
        ("https://b.test/x?y=1,2&z", to("https://b.test/x?y=1,2&z", 301)),
        ("/relative", to("/relative", 301)),
        (" no-slash ", to("no-slash", 301)),
    ],
    "permanent-redirect-code": [("308", to("/", 308)), ("300", to("/", 300))],
    "temporal-redirect": [
        ("http://b.test", to("http://b.test", 302)),
        ("HTTPS://b.test:8443/", to("HTTPS://b.test:8443/", 302)),
    ],
    "temporal-redirect-code": [("307", to("http://b.test", 307))],
    "relative-redirects": [("true", Directives(Policy(relative_redirects=True)))],
    "use-port-in-redirects": [("true", Directives(Policy(port_in_redirects=True)))],
    "app-root": [("/app/x", Directives(host=HostPolicy(app_root="/app/x")))],
    "from-to-www-redirect": [
        ("true", Directives(host=HostPolicy(www_redirect=True))),
        ("false", Directives()),
    ],
    "preserve-trailing-slash": [("true", Directives(Policy(preserve_trailing_slash=True)))],
}
INVALID = [
    ("ssl-redirect", "yes"),
    ("permanent-redirect", "https://b.test$request_uri"),
    ("permanent-redirect", "https://b.test/%20"),
    ("permanent-redirect", "https://b.test/#a"),
    ("permanent-redirect", "https://b.test/\nX: y"),
    ("permanent-redirect", ""),
    ("app-root", "app"),
    ("app-root", "/"),
    ("app-root", "https://b.test/app"),
    ("app-root", "/app?x"),
    ("app-root", "/$host"),
    ("from-to-www-redirect", "yes"),
    ("permanent-redirect-code", "299"),
    ("permanent-redirect-code", "304"),
    ("permanent-redirect-code", "306"),
    ("permanent-redirect-code", "309"),
    ("permanent-redirect-code", "moved"),
    ("temporal-redirect", "/relative"),
    ("temporal-redirect", "ftp://b.test"),
    ("temporal-redirect", "http://b.test:port/"),
    ("temporal-redirect", "http://b.test:65536/"),
    ("temporal-redirect-code", "308"),
]
