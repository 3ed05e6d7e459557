"""Strict-Transport-Security."""

from __future__ import annotations

import pytest
from msgspec import structs
from support.proxies import environment, route, simple
from support.requests import get

from ingressd.proxy.filters.strict_transport import StrictTransportEdit, strict_transport
from ingressd.routing.global_policy import GlobalPolicy, StrictTransport

NAME = b"Strict-Transport-Security"
OTHER = b"X-A: 1\r\n"


def edit(said: StrictTransport | None) -> StrictTransportEdit | None:
    around = environment()
    around.current.apply(
        structs.replace(simple(()), global_policy=GlobalPolicy(strict_transport=said))
    )
    return strict_transport(route(), around)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        (StrictTransport(), b"max-age=31536000; includeSubDomains"),
        (StrictTransport(5, include_subdomains=False), b"max-age=5"),
        (StrictTransport(0, preload=True), b"max-age=0; includeSubDomains; preload"),
    ],
)
async def test_it_replaces_what_the_pod_says(said: StrictTransport, value: bytes) -> None:
    made = edit(said)
    assert made is not None
    lines = made(get(), 200, [b"strict-transport-security: max-age=1\r\n", OTHER])
    assert lines == [OTHER, b"%b: %b\r\n" % (NAME, value)]


async def test_it_need_not_be_said() -> None:
    assert edit(None) is None
