"""A service that is asked about requests."""

from __future__ import annotations

from msgspec import structs

from ingressd.compiler.annotations.row import Directives
from ingressd.resources.secret import ConfigMap
from ingressd.routing.policy import ExternalAuth, Policy, Remembered
from support.objects import meta

URL = "http://auth.test/verify"
HEADERS = ConfigMap(metadata=meta("asking"), data={"X-From": "$host", "Accept": ""})


def auth(url: str = URL, **fields: object) -> Directives:
    """What is read with ``auth-url`` beside it."""
    service = structs.replace(ExternalAuth(url), **fields)
    return Directives(Policy(external_auth=service), external_auth=service)


def remembered(*entries: tuple[tuple[int, ...], float]) -> Directives:
    return auth(remembered=tuple(Remembered(*entry) for entry in entries))


EXAMPLES = {
    "auth-url": [
        (URL, auth()),
        (" https://10.0.0.1:8443 ", auth("https://10.0.0.1:8443")),
        ("http://$host/auth?rd=$request_uri&x=1", auth("http://$host/auth?rd=$request_uri&x=1")),
    ],
    "auth-method": [("POST", auth(method="POST")), ("GET", auth(method="GET"))],
    "auth-signin": [
        ("https://$host/start?rd=$escaped_request_uri",
         auth(signin="https://$host/start?rd=$escaped_request_uri")),
        ("/start", auth(signin="/start")),
    ],
    "auth-signin-redirect-param": [("origin", auth(signin_parameter="origin"))],
    "auth-response-headers": [
        ("X-User, x_group ,,X-User", auth(response_headers=("X-User", "x_group"))),
        ("Authorization", auth(response_headers=("Authorization",))),
        ("Host,X-Forwarded-For,X-User", auth(response_headers=("X-User",))),
        (",", auth()),
    ],
    "auth-request-redirect": [("http://a.test/x?y=z", auth(request_redirect="http://a.test/x?y=z"))],
    "auth-always-set-cookie": [("true", auth(always_set_cookie=True)), ("0", auth())],
    "auth-proxy-set-headers": [
        ("asking", auth(headers=(("Accept", ""), ("X-From", "$host")))),
        ("default/asking", auth(headers=(("Accept", ""), ("X-From", "$host")))),
    ],
    "auth-cache-key": [
        ("$remote_user$http_authorization", auth(cache_key="$remote_user$http_authorization")),
        ("$http_authorization-${cookie_sid}", auth(cache_key="$http_authorization-${cookie_sid}")),
    ],
    "auth-cache-duration": [
        ("200 202 401 5m", auth()),
        ("200 10m, 401 403 30s", remembered(((200,), 600.0), ((401, 403), 30.0))),
        ("1h 30m", remembered(((200, 301, 302), 5400.0))),
        ("any 500ms", remembered(((), 0.5))),
        ("200 1M,403 2y", remembered(((200,), 2592000.0), ((403,), 63072000.0))),
        (",", auth()),
    ],
    "enable-global-auth": [("false", Directives(uses_global_auth=False)), ("true", Directives())],
}  # fmt: skip
INVALID = [
    ("auth-url", ""),
    ("auth-url", "auth.test/verify"),
    ("auth-url", "//auth.test/verify"),
    ("auth-url", "ftp://auth.test/"),
    ("auth-url", "$scheme://auth.test/"),
    ("auth-url", "http://"),
    ("auth-url", "http://auth..test/"),
    ("auth-url", "http://auth.test:/"),
    ("auth-url", "http://auth.test:http/"),
    ("auth-url", "http://auth.test:$server_port/"),
    ("auth-url", "http://auth.test/$hots"),
    ("auth-url", "http://auth.test/#x"),
    ("auth-url", "http://auth.test/\r\nHost: x"),
    ("auth-url", "http://u:p@auth.test/"),
    ("auth-url", "http://auth.test/;x"),
    ("auth-method", "get"),
    ("auth-method", "CONNECT"),
    ("auth-method", "GET POST"),
    ("auth-signin", "http://auth.test/{x}"),
    ("auth-signin", "http://auth.test/$"),
    ("auth-signin", "http://auth.test/\nX"),
    ("auth-signin-redirect-param", "a b"),
    ("auth-response-headers", "X-User; X-Group"),
    ("auth-response-headers", "X-User\r\nX-Evil: 1"),
    ("auth-request-redirect", "http://$host/"),
    ("auth-request-redirect", "a b"),
    ("auth-always-set-cookie", "maybe"),
    ("auth-cache-key", "$cookie_sid;"),
    ("auth-cache-key", "$nothing"),
    ("auth-cache-duration", "200"),
    ("auth-cache-duration", "5m 200"),
    ("auth-cache-duration", "200 5"),
    ("auth-cache-duration", "999 5m"),
    ("auth-cache-duration", "any 200 5m"),
    ("auth-cache-duration", "200 5m; 401 1m"),
    ("enable-global-auth", "no"),
]
