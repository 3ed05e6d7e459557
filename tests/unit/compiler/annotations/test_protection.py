from __future__ import annotations

import pytest

from ingressd.compiler.annotations.protection import (
    Protects,
    always,
    if_it_denies,
    if_true,
    nothing,
    unless_off,
)


@pytest.mark.parametrize(
    ("protects", "closing", "open_"),
    [
        (nothing, [], ["true", ""]),
        (always, ["", "off", "10.0.0.0/8"], []),
        (
            unless_off,
            ["on", "true", "yes", "DetectionOnly"],
            ["off", " off ", "false", "0", "", " "],
        ),
        (if_true, ["true", "1"], ["false", "yes", ""]),
        (
            if_it_denies,
            [
                "if ($x) { return 403; }",
                "location /admin { deny all; }",
                "auth_request_set $user $upstream_http_x_user;",
                "limit_req zone=one;",
                'return "503" "We are moving";',
                "modsecurity on;",
                "include /etc/nginx/offices.conf;",
                "location /files { internal; }",
                "ssl_verify_client on;",
                "access_by_lua_block { if x then ngx.exit(403) end }",
                "deny all; } # a brace too many",
                'if ($cookie_key != "s3cret") { return 302 /login; }',
                'if ($http_authorization = "") { rewrite ^ /login redirect; }',
                "if ($remote_addr !~ ^10[.]) { return 301 https://elsewhere.test/; }",
                "proxy_ssl_verify on;",
            ],
            [
                "return 301 /new;",
                'if ($http_x_forwarded_proto != "https") { return 301 https://$host$request_uri; }',
                "if ($cookie_beta) { return 302 https://beta.test/; }",
                "if ($cookie_beta != yes) { set $pool old; }",
                "proxy_ssl_verify off;",
                "add_header X-Frame-Options deny;",
                "# deny all;\nmore_set_headers 'A: b';",
                "",
            ],
        ),
    ],
)
def test_what_a_text_closes(protects: Protects, closing: list[str], open_: list[str]) -> None:
    assert [text for text in closing if not protects(text)] == []
    assert [text for text in open_ if protects(text)] == []
