"""What a pod is told about the client."""

from __future__ import annotations

import pytest

from ingressd.proxy.client.forwarded import forwarded_lines, forwarded_port, peer_address


@pytest.mark.parametrize(("scheme", "port"), [("http", 8080), ("https", 443)])
def test_what_the_pod_is_told(scheme: str, port: int) -> None:
    lines = forwarded_lines("::1", scheme, forwarded_port(scheme, 8080))
    assert dict(line.split(": ") for line in lines.decode().splitlines()) == {
        "X-Real-IP": "::1", "X-Forwarded-For": "::1", "X-Forwarded-Port": str(port),
        "X-Forwarded-Proto": scheme, "X-Forwarded-Scheme": scheme, "X-Scheme": scheme,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("peer", "shown"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_how_a_peer_is_shown(peer: str, shown: str) -> None:
    assert peer_address(peer) == shown
