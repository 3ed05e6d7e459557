"""What snippets can be replaced with, directive by directive."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.compiler.snippets.replacement import Setting
from ingressd.compiler.snippets.replacing import replacement_of

TO_CLIENTS, TO_PODS = "response-headers", "request-headers"
DENIED, REDIRECTED = "denied-paths", "redirect-if"


@pytest.mark.parametrize(
    ("text", "annotation", "lines"),
    [
        ('more_set_headers "X-A: b" "X-C:d";', TO_CLIENTS, ("set X-A: b", "set X-C: d")),
        ('more_set_headers "Server:";', TO_CLIENTS, ("remove Server",)),
        ("more_clear_headers Server X-A;", TO_CLIENTS, ("remove Server", "remove X-A")),
        ('add_header X-A "b c" always;', TO_CLIENTS, ("add X-A: b c",)),
        ("proxy_hide_header X-Powered-By;", TO_CLIENTS, ("remove X-Powered-By",)),
        ("proxy_set_header X-A $host;", TO_PODS, ("set X-A: $host",)),
        ('proxy_set_header X-A "";', TO_PODS, ("remove X-A",)),
        ("more_set_input_headers 'X-A: b';", TO_PODS, ("set X-A: b",)),
        ("more_clear_input_headers X-A;", TO_PODS, ("remove X-A",)),
        ("deny all;", DENIED, ("/",)),
        ("return 403;", DENIED, ("/",)),
        ("return 410 'gone';", DENIED, ("/ 410",)),
        ("location /admin { deny all; }", DENIED, ("/admin*",)),
        ("location ^~ /a.b-c/ { return 404; }", DENIED, ("/a.b-c/* 404",)),
        ("location = /x { access_log off; deny all; return 404; }", DENIED, ("= /x",)),
        (r"location ~* /\.git { deny all; }", DENIED, (r"~ /\.git",)),
        ("location ~ ^/a { return 444; }", DENIED, ("~ ^/a 444",)),
        ("if ($request_uri ~ /old) { return 404; }", DENIED, ("~ /old 404",)),
        ("return 301 https://b.test$request_uri;", REDIRECTED,
         ("path ~ ^ 301 https://b.test$request_uri",)),
        ("return https://b.test/;", REDIRECTED, ("path ~ ^ 302 https://b.test/",)),
        ("if ($host = 'a.test') { return 301 https://b.test/; }", REDIRECTED,
         ("host = a.test 301 https://b.test/",)),
        ("if ($http_x_forwarded_proto != https) { return 308 https://$host$request_uri; }",
         REDIRECTED, ("header x-forwarded-proto != https 308 https://$host$request_uri",)),
        (r"if ( $host ~* ^www\.(.+)$ ) { return 301 $scheme://$1/; }", REDIRECTED,
         (r"host ~ ^www\.(.+)$ 301 $scheme://$1/",)),
        ("if ($http_x_old) { return 302 /new; }", REDIRECTED, ("header x-old ~ . 302 /new",)),
        ("if ($request_method = POST) { return 307 /p; }", REDIRECTED,
         ("method = POST 307 /p",)),
        ("rewrite ^/a/(.*)$ /b/$1 permanent;", REDIRECTED,
         ("path ~ ^/a/(.*)$ 301 /b/$1$is_args$args",)),
        ("rewrite ^/a$ https://b.test/? redirect;", REDIRECTED,
         ("path ~ ^/a$ 302 https://b.test/",)),
        ("location /old { return 301 /new; }", REDIRECTED, ("path ~ ^/old 301 /new",)),
    ],
)  # fmt: skip
def test_lines(text: str, annotation: str, lines: tuple[str, ...]) -> None:
    found = replacement_of(text)
    assert found.lines == {annotation: lines}
    assert found.is_whole
    assert not found.settings


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("allow 10.0.0.0/8; allow ::1; deny all;", "allowlist-source-range", "10.0.0.0/8,::1"),
        ("deny 192.0.2.1; deny 192.0.2.2;", "denylist-source-range", "192.0.2.1,192.0.2.2"),
        ("deny 192.0.2.1; allow all;", "denylist-source-range", "192.0.2.1"),
        ("proxy_set_header Host b.test;", "upstream-vhost", "b.test"),
        ("client_max_body_size 8m;", "proxy-body-size", "8m"),
        ("proxy_read_timeout 5m;", "proxy-read-timeout", "300"),
        ("proxy_send_timeout 90s;", "proxy-send-timeout", "90"),
        ("proxy_cookie_path /a /b;", "proxy-cookie-path", "/a /b"),
    ],
)
def test_annotations_of_ingress_nginx(text: str, name: str, value: str) -> None:
    found = replacement_of(text)
    assert found.settings == (Setting(name, value),)
    assert found.is_whole
    assert not found.lines


def test_keys_of_the_configmap() -> None:
    text = "set_real_ip_from 10.0.0.0/8; set_real_ip_from ::1; real_ip_header CF-Connecting-IP;"
    assert replacement_of(text).settings == (
        Setting("proxy-real-ip-cidr", "10.0.0.0/8,::1", is_key=True),
        Setting("use-forwarded-headers", "true", is_key=True),
        Setting("forwarded-for-header", "CF-Connecting-IP", is_key=True),
    )


@pytest.mark.parametrize(
    "text",
    [
        "gzip on;",
        "add_header X-A;",
        "more_set_headers -s 404 'X-A: b';",
        "more_clear_headers 'X-*';",
        "proxy_set_header X-Real-IP $remote_addr;",
        "proxy_set_header X-A $upstream_http_b;",
        "add_header Connection close;",
        "return 200 'ok';",
        "return 301 b.test;",
        "rewrite ^/a /b break;",
        "if ($http_user_agent ~ bot) { return 403; }",
        "if ($host = a.test) { set $x y; }",
        "if ($host = a.test) { rewrite ^ /b permanent; }",
        "if (-f $request_filename) { return 301 /x; }",
        "location /a { proxy_pass http://b; }",
        "location /a { allow 10.0.0.0/8; deny all; }",
        "location @name { deny all; }",
        "location ~ (?=x) { deny all; }",
        "allow 10.0.0.1; deny 10.0.0.2; deny all;",
        "proxy_read_timeout 1h;",
    ],
)
def test_what_nothing_replaces_is_left(text: str) -> None:
    found = replacement_of(text)
    assert (found.lines, found.settings) == ({}, ())
    assert found.left


@pytest.mark.parametrize(
    "text", ["proxy_set_header Upgrade $http_upgrade;", "proxy_http_version 1.1;"]
)
def test_what_is_so_anyway_needs_nothing(text: str) -> None:
    found = replacement_of(text)
    assert (found.lines, found.settings, found.left) == ({}, (), ())


DIRECTIVES = st.sampled_from(
    ["if", "location", "return", "rewrite", "add_header", "allow", "deny", "real_ip_header",
     "more_set_headers", "proxy_set_header", "proxy_read_timeout", "set_real_ip_from"]
)  # fmt: skip
WORDS = st.lists(
    st.sampled_from(["all", "=", "~", "(", ")", "301", "/a", "$host", "X", "'X: y'", '""'])
)


@given(DIRECTIVES, WORDS)
def test_no_directive_is_too_strange(name: str, words: list[str]) -> None:
    with contextlib.suppress(ValueError):
        replacement_of(f"{name} {' '.join(words)};")
        replacement_of(f"{name} {' '.join(words)} {{ return {' '.join(words)}; }}")
