"""What a default backend is told of the error it shall give a page for."""

from __future__ import annotations

import pytest
from support.proxies import route
from support.requests import get, lenient_connection

from ingressd.proxy.relaying.error_fields import ErrorFields

OF_ROUTE = [
    b"X-Namespace: default\r\n",
    b"X-Ingress-Name: web\r\n",
    b"X-Service-Name: web\r\n",
    b"X-Service-Port: 80\r\n",
]


async def test_they_stand_behind_what_the_client_sent() -> None:
    request = get(b"/a%20b?c", b"X-Own: 1\r\n")
    assert ErrorFields(route()).put(request, 503) == [
        b"X-Own: 1\r\n", b"X-Code: 503\r\n", b"X-Original-URI: /a%20b?c\r\n", *OF_ROUTE,
    ]  # fmt: skip


async def test_a_route_without_a_service_names_none() -> None:
    told = ErrorFields(route(backend=None)).put(get(), 404)
    assert told[2:] == OF_ROUTE[:2]


@pytest.mark.parametrize(
    "name",
    [b"X-Code", b"x-format", b"X-ORIGINAL-URI", b"X-Service-Name", b"X-Namespace", b"X_Code"],
)
async def test_a_client_cannot_set_them(name: bytes) -> None:
    request = get(extra=name + b": forged\r\n", client=lenient_connection())
    told = ErrorFields(route()).put(request, 500)
    assert not any(b"forged" in line for line in told)


async def test_the_target_is_what_was_asked_for_before_any_rewrite() -> None:
    request = get(b"/asked?a")
    request.target = "/rewritten"
    assert b"X-Original-URI: /asked?a\r\n" in ErrorFields(route()).put(request, 404)


@pytest.mark.parametrize(
    ("accepts", "expected"),
    [
        (b"", []),
        (b"Accept: text/html;q=1\r\n", [b"X-Format: text/html;q=1\r\n"]),
        (b"ACCEPT: a/b\r\nAccept: c/d\r\n", [b"X-Format: a/b, c/d\r\n"]),
    ],
)
async def test_the_format_is_what_the_client_accepts(accepts: bytes, expected: list[bytes]) -> None:
    told = ErrorFields(route()).put(get(extra=accepts), 404)
    assert [line for line in told if line.startswith(b"X-Format")] == expected
