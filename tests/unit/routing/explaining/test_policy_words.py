from __future__ import annotations

import pytest
from support.routes import canary

from ingressd.routing.explaining.policy_words import canary_words, policy_words
from ingressd.routing.policy import (
    DEFAULT_POLICY,
    Access,
    AffinityMode,
    Bandwidth,
    BasicAuth,
    Buffering,
    CookieAffinity,
    Cors,
    ErrorPages,
    ExternalAuth,
    HeaderMatch,
    Mirror,
    PodHttp,
    PodProtocol,
    PodTls,
    Policy,
    RateLimits,
    Redirect,
    Retries,
    RetryAfter,
    Rewrite,
    Timeouts,
    TlsRedirect,
)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (DEFAULT_POLICY, []),
        (Policy(tls_redirect=TlsRedirect.ALWAYS), ["https always"]),
        (Policy(tls_redirect=TlsRedirect.OFF), ["https never forced"]),
        (Policy(preserve_trailing_slash=True), ["trailing slash kept in redirects"]),
        (Policy(port_in_redirects=True), ["port always named in redirects"]),
        (Policy(redirect=Redirect("/new", 301)), ["redirected to /new with 301"]),
        (Policy(redirect=Redirect(host="b.test")), ["redirected to the same path of b.test"]),
        (Policy(cors=Cors()), ["cross-origin requests of *"]),
        (Policy(cors=Cors(origins=())), ["cross-origin requests of nobody"]),
        (Policy(rewrite=Rewrite("/$1")), ["rewrite to /$1"]),
        (Policy(retries=Retries(RetryAfter())), ["never another pod"]),
        (Policy(retries=Retries(tries=0)), ["as many tries as pods"]),
        (
            Policy(
                retries=Retries(
                    RetryAfter(invalid_header=True, statuses=(404, 503)), True, 2, timeout=9
                )
            ),
            [
                "another pod after invalid header, 404, 503",
                "any method sent again",
                "2 tries",
                "no try after 9 s",
            ],
        ),
        (
            Policy(pod_http=PodHttp("1.0", "keep-alive")),
            ["HTTP/1.0 to pods", "Connection: keep-alive to pods"],
        ),
        (
            Policy(default_backend="a/b:", error_pages=ErrorPages((404,))),
            ["default backend a/b", "errors 404 answered by a default backend"],
        ),
        (
            Policy(error_pages=ErrorPages((401, 503), of_pods=False)),
            ["errors 401, 503 of ours answered by a default backend"],
        ),
        (Policy(external_auth=ExternalAuth("http://a")), ["admitted by http://a"]),
        (
            Policy(external_auth=ExternalAuth("http://a", signin="/in", cache_key="$host")),
            ["admitted by http://a, else sent to /in", "its decisions remembered by $host"],
        ),
        (
            Policy(affinity=CookieAffinity(name="C", mode=AffinityMode.PERSISTENT)),
            ["persistent affinity by cookie C"],
        ),
        (
            Policy(timeouts=Timeouts(connect=2, read=0.5, tunnel=0.5)),
            [
                "connect timeout 2 s",
                "read timeout 0.5 s",
                "WebSockets idle for 0.5 s at most",
            ],
        ),
        (
            Policy(rate_limits=RateLimits(per_second=10, per_minute=60, connections=3)),
            [
                "10 requests a second from one client, 50 ahead of time",
                "60 requests a minute from one client, 300 ahead of time",
                "3 requests at the same time from one client",
            ],
        ),
        (
            Policy(
                access=Access(
                    allow=("10.0.0.0/8", "::1"),
                    deny=("10.0.0.1",),
                    any_suffices=True,
                    basic_auth=BasicAuth("default/users"),
                )
            ),
            [
                "only from 10.0.0.0/8, ::1",
                "not from 10.0.0.1",
                "password of a user in Secret default/users",
                "any one of address and authentication suffices",
            ],
        ),
        (Policy(pod_host="b.test"), ["Host b.test to pods"]),
        (
            Policy(pod_protocol=PodProtocol.HTTPS),
            ["HTTPS to pods, whose certificates are not checked"],
        ),
        (
            Policy(pod_protocol=PodProtocol.AUTO, pod_tls=PodTls("default/ca", verify=True)),
            [
                "what the client speaks to pods, whose certificates are checked, with Secret "
                "default/ca"
            ],
        ),
        (Policy(pod_tls=PodTls("default/ca")), []),
        (Policy(bandwidth=Bandwidth(rate=5120)), ["answers at 5 KiB/s"]),
        (Policy(bandwidth=Bandwidth(5120, after=1024)), ["answers at 5 KiB/s after 1 KiB"]),
        (Policy(bandwidth=Bandwidth(after=1024)), []),
        (
            Policy(buffering=Buffering(requests=False, answers=True), mirror=Mirror("http://b")),
            [
                "request bodies passed on as they come",
                "answers taken ahead of slow clients",
                "copied to http://b",
            ],
        ),
        (
            Policy(mirror=Mirror("http://b", sends_body=False)),
            ["copied, without bodies, to http://b"],
        ),
    ],
)
def test_says_what_differs_from_the_default(policy: Policy, words: list[str]) -> None:
    assert list(policy_words(policy)) == words


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({}, "0 %"),
        ({"weight": 5, "weight_total": 1000}, "0.5 %"),
        ({"header": "X-A", "cookie": "b"}, "header X-A: always, cookie b: always"),
        ({"header": "X-A", "header_match": HeaderMatch(value="v"), "weight": 20},
         "header X-A: v, 20 %"),
        ({"header": "X-A", "header_match": HeaderMatch(pattern="^v")}, "header X-A: like ^v"),
    ],
)  # fmt: skip
def test_canary(policy: dict[str, object], words: str) -> None:
    assert canary_words(canary(**policy)) == f"default/new:80 ({words})"
