from __future__ import annotations

import msgspec
from msgspec import structs
from support.routes import canary, route, table
from support.views import PRIVATE_KEY, shop_table

from ingressd.admin.listing import RouteRow, list_routes
from ingressd.routing.model import Host, PathKind
from ingressd.routing.policy import Policy, Redirect


def _rows() -> dict[tuple[str, str], RouteRow]:
    return {(row.host, row.path): row for row in list_routes(shop_table())}


def test_hosts_stand_by_name_with_the_catch_all_last_and_routes_as_they_win() -> None:
    places = [(row.host, row.path, row.kind) for row in list_routes(shop_table())]

    assert places == [
        ("shop.test", "/cart", "Prefix"),
        ("shop.test", "/", "Prefix"),
        ("", "/", "Default"),
    ]


def test_a_row_tells_what_stands_behind_it() -> None:
    row = _rows()["shop.test", "/"]

    assert row.backend == "shop/web:80"
    assert row.endpoints == ("10.0.0.1:8080", "[fd00::1]:8080")
    assert row.unavailable == ""
    assert row.certificate is not None
    assert row.certificate.secret == "shop/tls"
    assert row.policy is msgspec.UNSET


def test_a_row_tells_why_there_is_nothing_behind_it() -> None:
    row = _rows()["shop.test", "/cart"]

    assert row.endpoints == ()
    assert row.unavailable == "Service shop/gone does not exist"
    assert row.policy is not msgspec.UNSET


def test_a_closed_row_says_so() -> None:
    closed = structs.replace(route("Prefix", "/"), backend=None, policy=Policy(is_closed=True))
    (row,) = list_routes(table(Host("a.example.com", (closed,))))

    assert (row.backend, row.unavailable) == ("", "a protection cannot be given")


def test_a_host_without_tls_shows_no_certificate() -> None:
    assert _rows()["", "/"].certificate is None


def test_no_private_key_is_in_it() -> None:
    assert PRIVATE_KEY not in msgspec.json.encode(list_routes(shop_table()))


def test_what_is_sent_elsewhere_lacks_nothing() -> None:
    sent = route("Prefix", "/", policy=Policy(redirect=Redirect("/x")))
    (row,) = list_routes(table(Host("a.example.com", (sent,))))

    assert (row.endpoints, row.unavailable) == ((), "")


def test_canaries_are_listed_with_the_route_that_they_share() -> None:
    shared = msgspec.structs.replace(route("Prefix", "/"), alternatives=(canary(),))
    (row,) = list_routes(table(Host("a.example.com", (shared,))))

    assert [each.backend.upstream for each in row.canaries] == ["default/new:80"]


def test_what_no_rule_takes_needs_nothing_behind_it() -> None:
    policy = Policy(is_logged=False)
    nothing = structs.replace(
        route("Prefix", "/", policy=policy), backend=None, kind=PathKind.UNMATCHED
    )
    closed = structs.replace(nothing, policy=Policy(is_closed=True))
    whole = table(Host("a.test", (), nothing), Host("b.test", (), closed))
    assert [(row.kind, row.unavailable) for row in list_routes(whole)] == [
        ("Unmatched", ""),
        ("Unmatched", "a protection cannot be given"),
    ]


def test_the_default_backend_of_all_is_called_so_with_the_policy_of_an_ingress() -> None:
    flagged = structs.replace(route("Prefix", "/"), kind=PathKind.UNMATCHED)
    (row,) = list_routes(table(Host("a.test", (), flagged)))
    assert (row.kind, row.backend) == ("Default", "default/web:80")
