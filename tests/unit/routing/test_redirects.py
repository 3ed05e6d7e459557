from __future__ import annotations

import pytest

from ingressd.routing.policy import Policy, TlsRedirect
from ingressd.routing.redirects import https_location, redirects_to_https


@pytest.mark.parametrize(
    ("mode", "has_tls", "redirects"),
    [
        (TlsRedirect.OFF, True, False),
        (TlsRedirect.WITH_TLS, True, True),
        (TlsRedirect.WITH_TLS, False, False),
        (TlsRedirect.ALWAYS, False, True),
    ],
)
def test_redirects_where_the_policy_asks_for_it(
    mode: TlsRedirect, has_tls: bool, redirects: bool
) -> None:
    assert redirects_to_https(Policy(tls_redirect=mode), "/", has_tls=has_tls) is redirects


def test_acme_challenges_stay_on_http() -> None:
    policy = Policy(tls_redirect=TlsRedirect.ALWAYS)
    assert not redirects_to_https(policy, "/.well-known/acme-challenge/token", has_tls=True)


@pytest.mark.parametrize(
    ("target", "keep", "port", "location"),
    [
        ("/foo?q=1", False, 443, "https://a.example.com/foo?q=1"),
        ("/foo/", False, 443, "https://a.example.com/foo"),
        ("/foo/", True, 443, "https://a.example.com/foo/"),
        ("/", False, 443, "https://a.example.com"),
        ("/%20", False, 8443, "https://a.example.com:8443/%20"),
    ],
)
def test_location(target: str, keep: bool, port: int, location: str) -> None:
    policy = Policy(preserve_trailing_slash=keep)
    assert https_location("a.example.com", target, policy, port=port) == location
