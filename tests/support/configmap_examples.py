"""For each ConfigMap key that is read: texts, and what they make of all defaults.

EXAMPLES are name -> list of (text, global policy, what annotations begin with), INVALID are texts
that are refused.
"""

from __future__ import annotations

from msgspec import structs

from ingressd.compiler.annotations.row import Directives
from ingressd.routing.global_policy import (
    AccessLogPolicy,
    Blocklists,
    ClientAddress,
    ClientTls,
    GlobalPolicy,
    HttpsRedirect,
    Limits,
    StrictTransport,
    UpstreamKeepAlive,
)
from ingressd.routing.policy import (
    Access,
    AnswerFields,
    Bandwidth,
    Buffering,
    ErrorPages,
    ExternalAuth,
    LoadBalance,
    PodFields,
    PodHttp,
    Policy,
    RateLimits,
    Remembered,
    Retries,
    RetryAfter,
    Substitution,
    Timeouts,
    TlsRedirect,
    UpstreamPolicy,
)

Example = tuple[str, GlobalPolicy, Directives]


def limits(text: str, **fields: float) -> Example:
    changed = structs.replace(Limits(), **fields)
    return text, GlobalPolicy(limits=changed), Directives()


def address(text: str, **fields: object) -> Example:
    changed = structs.replace(ClientAddress(), **fields)
    return text, GlobalPolicy(client_address=changed), Directives()


def keep_alive(text: str, **fields: float) -> Example:
    changed = structs.replace(UpstreamKeepAlive(), **fields)
    return text, GlobalPolicy(upstream_keep_alive=changed), Directives()


def transport(text: str, **fields: object) -> Example:
    changed = structs.replace(StrictTransport(), **fields)
    return text, GlobalPolicy(strict_transport=changed), Directives()


def https_redirect(text: str, **fields: object) -> Example:
    changed = structs.replace(HttpsRedirect(), **fields)
    return text, GlobalPolicy(https_redirect=changed), Directives()


def blocked(text: str, **fields: object) -> Example:
    return text, GlobalPolicy(blocklists=structs.replace(Blocklists(), **fields)), Directives()


def policy(text: str, **fields: object) -> Example:
    changed = structs.replace(Policy(), **fields)
    return text, GlobalPolicy(), Directives(changed)


def read_timeout(text: str, seconds: float) -> Example:
    bounded = Policy(timeouts=Timeouts(read=seconds, tunnel=seconds))
    return text, GlobalPolicy(), Directives(bounded, read_timeout=seconds)


def access_log(text: str, **fields: object) -> Example:
    changed = structs.replace(AccessLogPolicy(), **fields)
    return text, GlobalPolicy(access_log=changed), Directives()


def upstream(text: str, **fields: object) -> Example:
    changed = structs.replace(UpstreamPolicy(), **fields)
    return text, GlobalPolicy(), Directives(upstream=changed)


def redirect(text: str, when: TlsRedirect, **fields: bool) -> Example:
    return text, GlobalPolicy(), Directives(Policy(tls_redirect=when), **fields)


def auth(text: str, **fields: object) -> Example:
    """Without a URL nobody is asked, whatever else is said."""
    changed = structs.replace(ExternalAuth(), **fields)
    policy = Policy(external_auth=changed if changed.url else None)
    return text, GlobalPolicy(), Directives(policy, global_auth=changed)


def client_tls(text: str, **fields: object) -> Example:
    return text, GlobalPolicy(client_tls=structs.replace(ClientTls(), **fields)), Directives()


EXAMPLES: dict[str, list[Example]] = {
    "ssl-protocols": [
        client_tls("TLSv1.3", versions=("TLSv1.3",)),
        client_tls("TLSv1.3  TLSv1.2"),
    ],
    "ssl-ciphers": [client_tls("HIGH:!aNULL", ciphers="HIGH:!aNULL")],
    "ssl-reject-handshake": [client_tls("true", rejects_unknown=True), client_tls("false")],
    "load-balance": [upstream("ewma", load_balance=LoadBalance.EWMA), upstream("round_robin")],
    "upstream-hash-by": [upstream("$uri", hash_by="$uri")],
    "upstream-hash-by-subset": [upstream("true", hash_by_subset=True)],
    "upstream-hash-by-subset-size": [upstream("2", hash_by_subset_size=2)],
    "proxy-ssl-location-only": [
        ("true", GlobalPolicy(), Directives(shares_pod_tls=False)),
        ("false", GlobalPolicy(), Directives()),
    ],
    "global-auth-url": [
        auth("http://auth.test/x%20?$args", url="http://auth.test/x%20?$args"),
        auth(""),
    ],
    "global-auth-method": [auth("HEAD", method="HEAD")],
    "global-auth-signin": [auth("http://a.test/{x}?$args", signin="http://a.test/{x}?$args")],
    "global-auth-signin-redirect-param": [auth("origin", signin_parameter="origin")],
    "global-auth-response-headers": [auth("X-User,", response_headers=("X-User",))],
    "global-auth-request-redirect": [auth("http://$host", request_redirect="http://$host")],
    "global-auth-cache-key": [auth("$host", cache_key="$host")],
    "global-auth-cache-duration": [auth("200 1m", remembered=(Remembered((200,), 60.0),))],
    "global-auth-always-set-cookie": [auth("true", always_set_cookie=True)],
    "use-forwarded-headers": [
        address("true", forwarded_headers=True),
        address("0", forwarded_headers=False),
    ],
    "enable-real-ip": [address("true", real_ip=True), address("false", real_ip=False)],
    "enable-underscores-in-headers": [
        ("true", GlobalPolicy(underscored_fields=True), Directives()),
        ("false", GlobalPolicy(), Directives()),
    ],
    "ignore-invalid-headers": [
        ("false", GlobalPolicy(underscored_fields=True), Directives()),
        ("true", GlobalPolicy(), Directives()),
    ],
    "compute-full-forwarded-for": [address("true", append=True)],
    "forwarded-for-header": [address("CF-Connecting-IP", header="CF-Connecting-IP")],
    "proxy-real-ip-cidr": [
        address("10.0.0.0/8", trusted=("10.0.0.0/8",)),
        address(" 10.0.0.1 ,fd00::/8,", trusted=("10.0.0.1", "fd00::/8")),
        address("0.0.0.0/0", trusted=("0.0.0.0/0",)),
        address("", trusted=()),
    ],
    "use-proxy-protocol": [address("T", proxy_protocol=True)],
    "client-header-timeout": [limits("1", head_timeout=1.0)],
    "client-body-timeout": [limits("5", body_timeout=5.0)],
    "large-client-header-buffers": [
        limits("4 8k", request_line=8192, header_field=8188, head=32768),
        limits("1 1000", request_line=1000, header_field=996, head=1000),
    ],
    "keep-alive": [limits("0", keep_alive=0.0), limits("30", keep_alive=30.0)],
    "keep-alive-requests": [limits("2", keep_alive_requests=2)],
    "max-worker-connections": [limits("9", connections=9), limits("0", connections=1 << 20)],
    "proxy-connect-timeout": [policy("1", timeouts=Timeouts(connect=1.0))],
    "proxy-read-timeout": [read_timeout("1", 1.0), read_timeout("60", 60.0)],
    "proxy-send-timeout": [policy("1", timeouts=Timeouts(send=1.0))],
    "proxy-http-version": [policy("1.0", pod_http=PodHttp(version="1.0"))],
    "proxy-next-upstream": [
        policy("error http_503", retries=Retries(after=RetryAfter(error=True, statuses=(503,)))),
        policy("off", retries=Retries(after=RetryAfter())),
    ],
    "proxy-next-upstream-tries": [policy("0", retries=Retries(tries=0))],
    "proxy-next-upstream-timeout": [policy("5", retries=Retries(timeout=5.0))],
    "retry-non-idempotent": [policy("true", retries=Retries(non_idempotent=True))],
    "custom-http-errors": [
        policy("404, 503", error_pages=ErrorPages(statuses=(404, 503))),
        policy("301", error_pages=ErrorPages(statuses=(301,))),
    ],
    "disable-proxy-intercept-errors": [policy("true", error_pages=ErrorPages(of_pods=False))],
    "proxy-body-size": [policy("8m", body_limit=8 << 20), policy("0", body_limit=0)],
    "proxy-request-buffering": [policy("off", buffering=Buffering(requests=False))],
    "proxy-buffering": [policy("on", buffering=Buffering(answers=True))],
    "proxy-buffer-size": [policy("16k", buffering=Buffering(buffer_size=16 << 10))],
    "proxy-buffers-number": [policy("8", buffering=Buffering(buffers=8))],
    "proxy-max-temp-file-size": [policy("2g", buffering=Buffering(answer_file=2 << 30))],
    "client-body-buffer-size": [policy("1M", buffering=Buffering(request_memory=1 << 20))],
    "upstream-keepalive-connections": [keep_alive("0", connections=0)],
    "upstream-keepalive-timeout": [keep_alive("60", idle=60.0)],
    "upstream-keepalive-requests": [keep_alive("1", requests=1)],
    "upstream-keepalive-time": [
        keep_alive("90", age=90.0),
        keep_alive("30m", age=1800.0),
        keep_alive("1h 30m", age=5400.0),
        keep_alive("500ms", age=0.5),
    ],
    "whitelist-source-range": [
        policy("10.0.0.0/8, ::1", access=Access(allow=("10.0.0.0/8", "::1"))),
        policy("", access=Access()),
    ],
    "denylist-source-range": [policy("192.0.2.1", access=Access(deny=("192.0.2.1",)))],
    "no-auth-locations": [policy(" /a, /b ,", no_auth_paths=("/a", "/b"))],
    "block-cidrs": [
        (
            "192.0.2.1",
            GlobalPolicy(blocklists=Blocklists(networks=("192.0.2.1",))),
            Directives(blocked=("192.0.2.1",)),
        ),
        blocked(""),
    ],
    "block-user-agents": [
        blocked("~*chrome, curl/7.0", user_agents=("~*chrome", "curl/7.0")),
        blocked("", user_agents=()),
    ],
    "block-referers": [blocked('~evil\\.test,""', referers=("~evil\\.test", '""'))],
    "limit-req-status-code": [policy("429", rate_limits=RateLimits(rate_status=429))],
    "limit-conn-status-code": [policy("430", rate_limits=RateLimits(connection_status=430))],
    "limit-rate": [policy("5", bandwidth=Bandwidth(rate=5 << 10))],
    "limit-rate-after": [policy("1", bandwidth=Bandwidth(after=1 << 10))],
    "ssl-redirect": [
        redirect("false", TlsRedirect.OFF, ssl_redirect=False),
        redirect("true", TlsRedirect.WITH_TLS),
    ],
    "force-ssl-redirect": [redirect("true", TlsRedirect.ALWAYS, force_ssl_redirect=True)],
    "preserve-trailing-slash": [policy("true", preserve_trailing_slash=True)],
    "use-port-in-redirects": [policy("true", port_in_redirects=True)],
    "relative-redirects": [policy("true", relative_redirects=True)],
    "http-redirect-code": [https_redirect("301", status=301)],
    "no-tls-redirect-locations": [https_redirect(" /a, /b ,", exempt=("/a", "/b"))],
    "hsts": [
        ("false", GlobalPolicy(strict_transport=None), Directives()),
        ("true", GlobalPolicy(), Directives()),
    ],
    "add-headers": [policy(" default/fields "), policy("")],
    "proxy-set-headers": [policy("default/fields")],
    "hide-headers": [policy("X-A, x-B,", answer_fields=AnswerFields(hidden=("x-a", "x-b")))],
    "global-allowed-response-headers": [
        ("X-A,x-a", GlobalPolicy(), Directives(allowed_response_headers=("x-a",)))
    ],
    "allow-backend-server-header": [
        policy("false", answer_fields=AnswerFields(hides_server=True)),
        policy("true"),
    ],
    "proxy-add-original-uri-header": [policy("true", pod_fields=PodFields(original_uri=True))],
    "proxy-cookie-domain": [
        policy(".a b", answer_fields=AnswerFields(cookie_domain=Substitution("a", "b")))
    ],
    "proxy-cookie-path": [
        policy("/a /b", answer_fields=AnswerFields(cookie_path=Substitution("/a", "/b")))
    ],
    "proxy-redirect-from": [
        policy("http://a", answer_fields=AnswerFields(location=Substitution("http://a", ""))),
        policy("default"),
    ],
    "proxy-redirect-to": [
        policy("/a", answer_fields=AnswerFields(location=Substitution("", "/a"))),
        policy("off"),
    ],
    "disable-access-log": [access_log("true", is_on=False), access_log("false")],
    "disable-http-access-log": [access_log("true", is_on=False), access_log("false")],
    "skip-access-log-urls": [access_log("/a, /b?c", skipped=("/a", "/b?c"))],
    "hsts-max-age": [transport("60", max_age=60)],
    "hsts-include-subdomains": [transport("false", include_subdomains=False)],
    "hsts-preload": [transport("true", preload=True)],
    "allow-cross-namespace-resources": [
        ("true", GlobalPolicy(), Directives(may_cross_namespaces=True))
    ],
    "annotation-value-word-blocklist": [
        ("_by_lua, {,", GlobalPolicy(), Directives(denied_words=("_by_lua", "{"))),
        (" ", GlobalPolicy(), Directives()),
    ],
    "service-upstream": [
        ("true", GlobalPolicy(), Directives(upstream=UpstreamPolicy(service_upstream=True)))
    ],
}

INVALID = [
    *(("ssl-protocols", text) for text in ("TLSv1", "TLSv1.2 TLSv1.1", "TLSv1.2,TLSv1.3")),
    *(("ssl-ciphers", text) for text in ("A;B", "A B")),
    ("ssl-reject-handshake", "on"),
    ("load-balance", "chash"),
    ("upstream-hash-by", "$none"),
    ("upstream-hash-by-subset-size", "0"),
    ("add-headers", "fields"),
    ("proxy-set-headers", "default/Fields"),
    ("hide-headers", "X A"),
    ("global-allowed-response-headers", "X:"),
    ("proxy-cookie-domain", "a"),
    ("disable-access-log", "on"),
    ("skip-access-log-urls", " , "),
    ("proxy-next-upstream", "sometimes"),
    ("custom-http-errors", "200"),
    ("use-forwarded-headers", "yes"),
    ("global-auth-url", "auth.test"),
    ("global-auth-url", "http://auth.test/$hots"),
    ("global-auth-url", "http://auth.test/ x"),
    ("global-auth-method", "get"),
    ("global-auth-signin", "a b"),
    ("global-auth-response-headers", "X: y"),
    ("global-auth-always-set-cookie", "yes"),
    ("global-auth-cache-duration", "soon"),
    ("use-proxy-protocol", " true"),
    ("http-redirect-code", "303"),
    ("no-tls-redirect-locations", " , "),
    ("http-redirect-code", "moved"),
    ("forwarded-for-header", "X Forwarded"),
    ("forwarded-for-header", ""),
    ("proxy-real-ip-cidr", "10.0.0.0/33"),
    ("proxy-real-ip-cidr", "10.0.0.0/8 10.1.0.0/16"),
    ("client-header-timeout", "0"),
    ("client-header-timeout", "60s"),
    ("large-client-header-buffers", "8k"),
    ("large-client-header-buffers", "0 8k"),
    ("large-client-header-buffers", "4 1"),
    ("large-client-header-buffers", "4 8k 1"),
    ("keep-alive", "-1"),
    ("keep-alive-requests", "many"),
    ("max-worker-connections", "-1"),
    ("proxy-body-size", "8mb"),
    ("proxy-request-buffering", "true"),
    ("proxy-buffering", "1"),
    ("proxy-buffer-size", "1g"),
    ("proxy-buffers-number", "0"),
    ("client-body-buffer-size", "8kb"),
    ("upstream-keepalive-requests", "0"),
    ("upstream-keepalive-time", "1y"),
    ("upstream-keepalive-time", "1h30"),
    ("upstream-keepalive-time", ""),
    ("ssl-redirect", "on"),
    ("whitelist-source-range", "office"),
    ("denylist-source-range", "10.0.0.0/33"),
    ("block-cidrs", "10.0.0.0/8;"),
    ("no-auth-locations", " , "),
    ("block-user-agents", "curl, ~(bot"),
    ("block-referers", "~a(?=b)"),
    ("limit-req-status-code", "399"),
    ("limit-conn-status-code", "600"),
    ("limit-rate", "5k"),
]
