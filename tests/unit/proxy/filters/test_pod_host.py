"""The Host for pods."""

from __future__ import annotations

import pytest
from support.proxies import environment, route
from support.requests import get

from ingressd.proxy.filters.pod_host import name_pod_host
from ingressd.proxy.relaying.forwarding import serialise
from ingressd.routing.patterns import compile_pattern
from ingressd.routing.policy import Policy


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web.internal:8080", b"web.internal:8080"),
        ("$service_name.$namespace.svc", b"web.default.svc"),
        ("x-$1", b"x-foo"),
        ("a$uri", b"a/foo%0D%0AX: y"),
    ],
)
async def test_pods_get_the_host_of_the_policy(text: str, expected: bytes) -> None:
    act = name_pod_host(route(policy=Policy(pod_host=text)), environment())
    assert act is not None
    request = get(b"/foo%0D%0AX:%20y")
    assert act(request, compile_pattern("/(foo)").match("/foo")) is None
    head = serialise(request, b"")
    assert b"\r\nHost: %b\r\n" % expected in head
    assert b"\r\nX-Forwarded-Host: a.test\r\n" in head
    assert head.lower().count(b"\r\nhost:") == 1


async def test_an_empty_one_is_none() -> None:
    act = name_pod_host(route(policy=Policy(pod_host="$arg_none")), environment())
    assert act is not None
    request = get(b"/")
    act(request, None)
    assert b"\r\nHost: a.test\r\n" in serialise(request, b"")


async def test_another_question_has_the_host_of_the_client_again() -> None:
    act = name_pod_host(route(policy=Policy(pod_host="b.test")), environment())
    assert act is not None
    request = get(b"/")
    act(request, None)
    request.turn_to("/error", [], with_body=True)
    assert b"\r\nHost: a.test\r\n" in serialise(request, b"")


async def test_other_routes_have_no_such_filter() -> None:
    assert name_pod_host(route(), environment()) is None
