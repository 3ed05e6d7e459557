"""The filters that redirect or rewrite."""

from __future__ import annotations

import pytest
from support.requests import client_connection, get

from ingressd.proxy.filters.redirect import RewriteFilter, RewriteRedirectFilter, TlsRedirectFilter
from ingressd.routing.patterns import compile_pattern
from ingressd.routing.policy import Policy, Rewrite, TlsRedirect


def location(lines: tuple[bytes, ...]) -> bytes:
    (line,) = lines
    return line.removeprefix(b"Location: ").removesuffix(b"\r\n")


@pytest.mark.parametrize(
    ("scheme", "redirect", "has_tls", "expected"),
    [
        ("http", TlsRedirect.WITH_TLS, True, b"https://a.test:8443/x?y"),
        ("http", TlsRedirect.WITH_TLS, False, None),
        ("http", TlsRedirect.ALWAYS, False, b"https://a.test:8443/x?y"),
        ("https", TlsRedirect.ALWAYS, True, None),
    ],
)
async def test_plain_requests_go_to_https(
    scheme: str, redirect: TlsRedirect, has_tls: bool, expected: bytes | None
) -> None:
    act = TlsRedirectFilter(Policy(tls_redirect=redirect), lambda _: has_tls, 8443)
    answer = act(get(b"/x?y", client=client_connection(scheme)), None)
    assert (answer and location(answer.lines)) == expected
    assert answer is None or answer.status == 308


async def test_the_table_is_asked_for_the_host_of_the_request() -> None:
    asked: list[str] = []
    TlsRedirectFilter(Policy(), lambda host: bool(asked.append(host)), 443)(get(), None)
    assert asked == ["a.test"]


async def test_a_rewrite_replaces_the_path_and_keeps_the_query() -> None:
    request = get(b"/api/v1?x=%2F")
    assert (
        RewriteFilter(Rewrite("/$1"))(request, compile_pattern("/api/(.*)").match("/api/v1"))
        is None
    )
    assert request.raw_target == b"/v1?x=%2F"


async def test_a_rewrite_to_a_url_is_a_redirect() -> None:
    answer = RewriteRedirectFilter(Rewrite("https://b.test/$1"))(
        get(b"/x?y"), compile_pattern("/(.*)").match("/x")
    )
    assert answer is not None
    assert (answer.status, location(answer.lines)) == (302, b"https://b.test/x?y")
