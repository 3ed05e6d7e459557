from __future__ import annotations

import pytest

from ingressd.compiler.annotations.unserved import is_protective, never_existed


@pytest.mark.parametrize(
    "name", ["session-cookie-hash", "rate-limit-window", "proxy-cache-valid", "lua-resty-waf-debug"]
)
def test_names_that_only_manifests_know(name: str) -> None:
    assert never_existed(name)


@pytest.mark.parametrize("name", ["limit-rps", "proxy-buffers-number", "session-cookie-name", ""])
def test_names_that_ingress_nginx_knows(name: str) -> None:
    assert not never_existed(name)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("auth-type", "basic", True),
        ("auth-realm", "Restricted", False),
        ("enable-modsecurity", "true", True),
        ("enable-modsecurity", "false", False),
        ("configuration-snippet", "if ($x) { return 403; }", True),
        ("configuration-snippet", "return 301 /new;", False),
        ("auth-snippet", "auth_request_set $user $upstream_http_x_user;", True),
        ("configuration-snippet", "add_header X-Frame-Options DENY;", False),
    ],
)
def test_what_closes_something_is_protective(name: str, text: str, expected: bool) -> None:
    assert is_protective(name, text) is expected
