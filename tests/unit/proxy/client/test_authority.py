"""Which values of Host are taken, and what host they name."""

from __future__ import annotations

import pytest

from ingressd.proxy.client.authority import host_of


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        (b"Shop.Test.:8443", "shop.test"),
        (b"shop.test:", "shop.test"),
        (b"[::1]:80", "[::1]"),
        (b"shop.test:65536", None),
        (b"a b", None),
        (b"shop.test/x", None),
        (b"user@shop.test", None),
        (b"\xff", None),
    ],
)
def test_hosts(authority: bytes, host: str | None) -> None:
    assert host_of(authority) == host
