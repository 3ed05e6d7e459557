"""The filters that redirect or rewrite."""

from __future__ import annotations

import pytest
from support.requests import client_connection, get, proxy_connection, received

from ingressd.proxy.current_table import CurrentTable
from ingressd.proxy.filters.redirect import (
    FixedRedirectFilter,
    RewriteFilter,
    RewriteRedirectFilter,
    TlsRedirectFilter,
)
from ingressd.proxy.settings import ProxySettings
from ingressd.routing.delta import Delta
from ingressd.routing.global_policy import DEFAULT_GLOBAL_POLICY, GlobalPolicy, HttpsRedirect
from ingressd.routing.model import Host
from ingressd.routing.patterns import compile_pattern
from ingressd.routing.policy import Policy, Redirect, Rewrite, TlsRedirect


def location(lines: tuple[bytes, ...]) -> bytes:
    (line,) = lines
    return line.removeprefix(b"Location: ").removesuffix(b"\r\n")


SETTINGS = ProxySettings(affinity_key=b"", http_port=8080, https_port=8443)


def current(*, has_tls: bool = False, policy: GlobalPolicy = DEFAULT_GLOBAL_POLICY) -> CurrentTable:
    table = CurrentTable()
    host = Host("a.test", has_tls=has_tls)
    table.apply(Delta(1, reset=True, hosts=(host,), global_policy=policy))
    return table


@pytest.mark.parametrize(
    ("scheme", "redirect", "has_tls", "expected"),
    [
        ("http", TlsRedirect.WITH_TLS, True, b"https://a.test/x?y"),
        ("http", TlsRedirect.WITH_TLS, False, None),
        ("http", TlsRedirect.ALWAYS, False, b"https://a.test/x?y"),
        ("https", TlsRedirect.ALWAYS, True, None),
    ],
)
async def test_plain_requests_go_to_https(
    scheme: str, redirect: TlsRedirect, has_tls: bool, expected: bytes | None
) -> None:
    act = TlsRedirectFilter(Policy(tls_redirect=redirect), SETTINGS, current(has_tls=has_tls))
    answer = act(get(b"/x?y", client=client_connection(scheme)), None)
    assert (answer and location(answer.lines)) == expected
    assert answer is None or answer.status == 308


async def test_the_port_is_named_to_who_named_ours() -> None:
    act = TlsRedirectFilter(Policy(), SETTINGS, current(has_tls=True))
    answer = act(received(b"GET /x HTTP/1.1\r\nHost: A.test:8080\r\n\r\n"), None)
    assert answer is not None
    assert location(answer.lines) == b"https://a.test:8443/x"


async def test_a_believed_proxy_says_what_was_asked_for() -> None:
    act = TlsRedirectFilter(Policy(), SETTINGS, current(has_tls=True))
    by_http = b"X-Forwarded-Host: Shop.test:8080\r\n"
    answer = act(get(b"/x", by_http, proxy_connection()), None)
    assert answer is not None
    assert location(answer.lines) == b"https://shop.test:8443/x"
    by_https = b"X-Forwarded-Proto: https\r\n"
    assert act(get(b"/x", by_https, proxy_connection()), None) is None


async def test_a_believed_proxy_says_which_port_was_asked() -> None:
    act = FixedRedirectFilter(Policy(), Redirect(host="www.a.test"), SETTINGS, current())
    by = b"X-Forwarded-Proto: https\r\nX-Forwarded-Port: 4443\r\n"
    answer = act(get(b"/x", by, proxy_connection()), None)
    assert location(answer.lines) == b"https://www.a.test:4443/x"


@pytest.mark.parametrize("scheme", [b"wss", b"myproto"])
async def test_only_plain_http_goes_to_https(scheme: bytes) -> None:
    act = TlsRedirectFilter(Policy(), SETTINGS, current(has_tls=True))
    by = b"X-Forwarded-Proto: %b\r\n" % scheme
    assert act(get(b"/x", by, proxy_connection()), None) is None


async def test_a_location_is_one_of_http_whatever_a_proxy_says() -> None:
    by = b"X-Forwarded-Proto: javascript\r\n"
    for redirect in (Redirect(host="www.a.test"), Redirect("/new")):
        act = FixedRedirectFilter(Policy(redirects_as_asked=True), redirect, SETTINGS, current())
        answer = act(get(b"/x", by, proxy_connection()), None)
        assert location(answer.lines).startswith(b"http://")


@pytest.mark.parametrize(
    ("is_sane", "expected"),
    [(False, b"http://a.test/new"), (True, b"https://Shop.test:4443/new")],
)
async def test_a_path_is_one_of_the_host_that_we_were_asked_for_or_of_the_one_before_us(
    is_sane: bool, expected: bytes
) -> None:
    policy = Policy(redirects_as_asked=is_sane)
    act = FixedRedirectFilter(policy, Redirect("/new"), SETTINGS, current())
    by = b"X-Forwarded-Proto: https\r\nX-Forwarded-Host: Shop.test:4443\r\n"
    answer = act(get(b"/x", by, proxy_connection()), None)
    assert location(answer.lines) == expected


async def test_status_and_exempt_paths_are_those_of_the_moment() -> None:
    table = current(has_tls=True)
    act = TlsRedirectFilter(Policy(), SETTINGS, table)
    exempt = b"/.well-known/acme-challenge/token"
    assert act(get(exempt), None) is None
    changed = GlobalPolicy(https_redirect=HttpsRedirect(301, ("/open",)))
    table.apply(Delta(2, global_policy=changed))
    answer = act(get(exempt), None)
    assert answer is not None
    assert answer.status == 301
    assert act(get(b"/open/x"), None) is None


@pytest.mark.parametrize(
    ("redirect", "status", "expected"),
    [
        (Redirect("https://b.test/", 301), 301, b"https://b.test/"),
        (Redirect("/app", 302), 302, b"http://a.test/app"),
        (Redirect(host="www.a.test"), 307, b"http://www.a.test:8080/x?y"),
    ],
)
async def test_every_request_of_a_route_is_redirected(
    redirect: Redirect, status: int, expected: bytes
) -> None:
    policy = GlobalPolicy(https_redirect=HttpsRedirect(307))
    act = FixedRedirectFilter(Policy(), redirect, SETTINGS, current(policy=policy))
    answer = act(get(b"/x?y"), None)
    assert (answer.status, location(answer.lines)) == (status, expected)


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
