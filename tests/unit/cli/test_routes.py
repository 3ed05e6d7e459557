from __future__ import annotations

import click
import pytest
from msgspec import structs
from support.routes import canary, certificate, host, route, table, upstream

from ingressd.admin.listing import list_routes
from ingressd.cli.routes import routes_text
from ingressd.routing.model import CATCH_ALL, Host
from ingressd.routing.policy import Policy, Redirect


def lines(*hosts: Host, **rest: object) -> list[list[str]]:
    text = routes_text(list_routes(table(*hosts, **rest)))  # type: ignore[arg-type]
    return [[cell for cell in click.unstyle(line).split("  ") if cell] for line in text]


@pytest.mark.parametrize(
    ("addresses", "endpoints"),
    [
        (("10.0.0.1",), "10.0.0.1:8080"),
        (
            tuple(f"10.0.0.{n}" for n in range(1, 6)),
            "10.0.0.1:8080,10.0.0.2:8080,10.0.0.3:8080 +2 more",
        ),
    ],
)
def test_a_line_for_each_route(addresses: tuple[str, ...], endpoints: str) -> None:
    shown = lines(
        host("Prefix /foo", has_tls=True),
        host("default", name=CATCH_ALL),
        upstreams=(upstream("default/web:80", *addresses),),
        certificates=(certificate("a.example.com"),),
        bindings={"a.example.com": "f1"},
    )
    assert [[cell.strip() for cell in line] for line in shown] == [
        ["HOST", "PATH", "TYPE", "INGRESS", "SERVICE", "ENDPOINTS", "CERTIFICATE", "POLICIES"],
        [
            *("a.example.com", "/foo", "Prefix", "default/web", "default/web:80", endpoints),
            *("default/tls until 2033-05-18", "-"),
        ],
        [
            "(any host)",
            "/",
            "Default",
            "default/web",
            "default/fallback:80",
            "none (503)",
            "-",
            "-",
        ],
    ]


def test_what_is_sent_elsewhere_needs_no_endpoint() -> None:
    sent = route("Prefix", "/", policy=Policy(redirect=Redirect("https://b.test/", 301)))
    _, line = lines(Host("a.example.com", (sent,)))
    assert [cell.strip() for cell in line][5:] == [
        *("-", "-", "redirected to https://b.test/ with 301")
    ]


def test_canaries_stand_with_the_policies() -> None:
    shared = structs.replace(route("Prefix", "/"), alternatives=(canary(weight=20),))
    _, line = lines(Host("a.example.com", (shared,)))
    assert line[-1].strip() == "canary default/new:80 (20 %)"
