"""What variables stand for in a request."""

from __future__ import annotations

import pytest
from support.proxies import route
from support.requests import get, proxy_connection, received

from ingressd.proxy.variables import lookup_in
from ingressd.routing.patterns import compile_pattern
from ingressd.routing.variables import NAMES

RAW = (
    b"GET /caf%C3%A9/x?q=1&Q=2&e HTTP/1.1\r\nHost: A.test:8080\r\n"
    b"Cookie: a=b; sid=42\r\nX-User: u\r\nX-User: v\r\nX-Request-ID: 7\r\n"
    b"Authorization: Basic amFuZTpzZWNyZXQ=\r\n\r\n"
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("args", "q=1&Q=2&e"),
        ("arg_q", "1"),
        ("arg_none", ""),
        ("best_http_host", "A.test:8080"),
        ("cookie_sid", "42"),
        ("cookie_none", ""),
        ("escaped_request_uri", "%2Fcaf%25C3%25A9%2Fx%3Fq%3D1%26Q%3D2%26e"),
        ("host", "a.test"),
        ("http_host", "A.test:8080"),
        ("http_x_user", "u, v"),
        ("http_x_none", ""),
        ("ingress_name", "web"),
        ("is_args", "?"),
        ("namespace", "default"),
        ("query_string", "q=1&Q=2&e"),
        ("remote_addr", "192.0.2.1"),
        ("remote_user", "jane"),
        ("req_id", "7"),
        ("request_method", "GET"),
        ("request_uri", "/caf%C3%A9/x?q=1&Q=2&e"),
        ("scheme", "http"),
        ("service_name", "web"),
        ("service_port", "80"),
        ("uri", "/café/x"),
    ],
)
async def test_the_value_of_a_variable(name: str, value: str) -> None:
    assert lookup_in(received(RAW), route())(name) == value


@pytest.mark.parametrize(
    ("target", "asked"),
    [
        (b"http://A.test:8080/x?y", "/x?y"),
        (b"HTTP://A.test:8080?y", "/?y"),
        (b"http://A.test:8080", "/"),
        (b"/http://b.test/", "/http://b.test/"),
    ],
)
async def test_what_was_asked_for_has_no_origin(target: bytes, asked: str) -> None:
    request = received(b"GET %b HTTP/1.1\r\nHost: A.test:8080\r\n\r\n" % target)
    request.target = "/rewritten"
    assert lookup_in(request, route())("request_uri") == asked


async def test_nothing_is_lost_of_bytes_that_are_no_text() -> None:
    request = get(extra=b"X-User: caf\xe9\xc3\xa9\r\nCookie: sid=\xff\r\n")
    lookup = lookup_in(request, route())
    assert (lookup("http_x_user"), lookup("cookie_sid")) == ("caf\udce9é", "\udcff")


async def test_a_proxy_before_us_may_say_how_it_was_asked() -> None:
    fields = b"X-Forwarded-Proto: https\r\nX-Forwarded-Host: b.test:8443\r\n"
    lookup = lookup_in(get(b"/", fields, proxy_connection()), route())
    names = ("scheme", "pass_access_scheme", "http_host", "best_http_host")
    assert [lookup(name) for name in names] == ["http", "https", "a.test", "b.test:8443"]


async def test_who_says_nothing_of_itself_is_nobody() -> None:
    assert lookup_in(get(), route())("remote_user") == ""
    assert lookup_in(get(extra=b"Authorization: Bearer x\r\n"), route())("remote_user") == ""


async def test_every_known_variable_has_a_value() -> None:
    lookup = lookup_in(received(RAW), route(backend=None))
    assert all(isinstance(lookup(name), str) for name in NAMES)


async def test_a_digit_is_a_group_of_the_expression() -> None:
    groups = compile_pattern("/(caf..)(z)?").match("/café")
    lookup = lookup_in(received(RAW), route(), groups)
    assert [lookup(digit) for digit in "129"] == ["café", "", ""]
    assert lookup_in(received(RAW), route())("1") == ""
