from __future__ import annotations

import pytest
from msgspec import structs

from ingressd.routing.deciding.redirects import (
    Asked,
    Origin,
    Ports,
    https_location,
    location_of,
    redirects_to_https,
)
from ingressd.routing.policy import Policy, Redirect, TlsRedirect

ACME = ("/.well-known/acme-challenge",)
USUAL, UNUSUAL = Ports(), Ports(8080, 8443)


def asked(
    target: str = "/",
    *,
    scheme: str = "http",
    port: str = "",
    ports: Ports = USUAL,
) -> Asked:
    return Asked(Origin(scheme, f"A.example.com{port}", "a.example.com"), target, ports)


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
    policy = Policy(tls_redirect=mode)
    assert redirects_to_https(policy, "/", has_tls=has_tls, exempt=ACME) is redirects


def test_acme_challenges_stay_on_http() -> None:
    policy = Policy(tls_redirect=TlsRedirect.ALWAYS)
    path = "/.well-known/acme-challenge/token"
    assert not redirects_to_https(policy, path, has_tls=True, exempt=ACME)
    assert redirects_to_https(policy, path, has_tls=True, exempt=())


@pytest.mark.parametrize(
    ("target", "keep", "location"),
    [
        ("/foo?q=1", False, "https://a.example.com/foo?q=1"),
        ("/foo/", False, "https://a.example.com/foo"),
        ("/foo/?q=/", False, "https://a.example.com/foo/?q="),
        ("/foo/", True, "https://a.example.com/foo/"),
        ("/", False, "https://a.example.com"),
        ("/%20", False, "https://a.example.com/%20"),
    ],
)
def test_location(target: str, keep: bool, location: str) -> None:
    assert https_location(asked(target), Policy(preserve_trailing_slash=keep)) == location


@pytest.mark.parametrize(
    ("port", "ports", "always", "shown"),
    [
        ("", USUAL, False, ""),
        (":80", USUAL, False, ""),
        ("", USUAL, True, ":443"),
        ("", UNUSUAL, False, ""),
        (":80", UNUSUAL, False, ""),
        (":30080", UNUSUAL, False, ""),
        (":8080", UNUSUAL, False, ":8443"),
        ("", UNUSUAL, True, ":8443"),
        (":8080", Ports(8080, 443), False, ""),
    ],
)
def test_port_is_ours_where_the_client_came_straight_to_us(
    port: str, ports: Ports, always: bool, shown: str
) -> None:
    policy = Policy(port_in_redirects=always)
    location = https_location(asked("/x", port=port, ports=ports), policy)
    assert location == f"https://a.example.com{shown}/x"


@pytest.mark.parametrize(
    ("redirect", "relative", "location"),
    [
        (Redirect("https://b.example.com/y?z=1"), False, "https://b.example.com/y?z=1"),
        (Redirect("/y"), False, "http://a.example.com/y"),
        (Redirect("/y", keeps_port=True), False, "http://A.example.com:8080/y"),
        (Redirect("/y"), True, "/y"),
        (Redirect("y"), False, "y"),
        (Redirect(host="www.a.example.com"), False, "http://www.a.example.com:8080/x"),
    ],
)
def test_redirect_of_a_whole_route(redirect: Redirect, relative: bool, location: str) -> None:
    request = asked("/x/", port=":8080", ports=UNUSUAL)
    assert location_of(redirect, request, Policy(relative_redirects=relative)) == location


def test_other_host_keeps_scheme_and_query() -> None:
    request = asked("/x?y", scheme="https")
    location = location_of(Redirect(host="b.example.com"), request, Policy())
    assert location == "https://b.example.com:443/x?y"


def test_other_host_has_the_port_that_the_client_came_to() -> None:
    request = structs.replace(asked("/x", scheme="https"), port=8443)
    location = location_of(Redirect(host="b.example.com"), request, Policy())
    assert location == "https://b.example.com:8443/x"


@pytest.mark.parametrize(
    ("scheme", "port", "location"),
    [
        ("http", 0, "http://b.example.com/x/"),
        ("https", 0, "https://b.example.com/x/"),
        ("https", 8443, "https://b.example.com:8443/x/"),
        ("http", 443, "http://b.example.com:443/x/"),
    ],
)
def test_other_host_as_asked_has_no_usual_port_and_keeps_the_slash(
    scheme: str, port: int, location: str
) -> None:
    request = structs.replace(asked("/x/", scheme=scheme), port=port)
    redirect = Redirect(host="b.example.com", as_asked=True)
    assert location_of(redirect, request, Policy()) == location


def test_path_stays_one_where_nobody_knows_the_host() -> None:
    unknown = Asked(Origin("http", "", ""), "/", Ports())
    for redirect in (Redirect("/y"), Redirect("/y", keeps_port=True)):
        assert location_of(redirect, unknown, Policy()) == "/y"


PROXIED = Asked(
    Origin("https", "Shop.example.com:4443", "shop.example.com"),
    "/x",
    UNUSUAL,
    here=Origin("http", "A.example.com:1234", "a.example.com"),
)


@pytest.mark.parametrize(
    ("policy", "of_path", "of_app_root"),
    [
        (Policy(), "http://a.example.com/y", "http://A.example.com:1234/y"),
        (
            Policy(redirects_as_asked=True),
            "https://Shop.example.com:4443/y",
            "https://Shop.example.com:4443/y",
        ),
    ],
)
def test_nginx_does_not_know_what_a_proxy_was_asked_for(
    policy: Policy, of_path: str, of_app_root: str
) -> None:
    assert location_of(Redirect("/y"), PROXIED, policy) == of_path
    assert location_of(Redirect("/y", keeps_port=True), PROXIED, policy) == of_app_root


@pytest.mark.parametrize(
    ("as_asked", "request_", "origin"),
    [
        (False, asked(port=":1234", ports=UNUSUAL), "http://a.example.com:8080"),
        (False, asked(port=":1234"), "http://a.example.com"),
        (False, asked(scheme="https", ports=UNUSUAL), "https://a.example.com:8443"),
        (False, structs.replace(PROXIED, port=4443), "http://a.example.com:8080"),
        (True, structs.replace(PROXIED, port=4443), "https://shop.example.com:4443"),
        (True, structs.replace(PROXIED, port=443), "https://shop.example.com"),
        (True, PROXIED, "https://shop.example.com:8443"),
    ],
)
def test_the_port_before_a_path_is_named_where_that_is_asked_for(
    as_asked: bool, request_: Asked, origin: str
) -> None:
    policy = Policy(port_in_redirects=True, redirects_as_asked=as_asked)
    assert location_of(Redirect("/y"), request_, policy) == f"{origin}/y"
