"""TLS with pods beside a real nginx: the same pods are believed, and asked for the same names."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs
from support.certificates import CertificateAuthority, KeyPair
from support.clients import fetch
from support.nginx import connect_to, needs_nginx, nginx
from support.pods import pod
from support.proxies import proxy, simple
from support.tls_pods import SECRET, TlsPod, material

from ingressd.routing.policy import PodProtocol, PodTls, Policy

pytestmark = needs_nginx

AUTHORITY = CertificateAuthority()
UPPER = CertificateAuthority("Upper", AUTHORITY)
LOWER = CertificateAuthority("Lower", UPPER)
STRANGER = CertificateAuthority("Somebody else")

CHECKED = PodTls(SECRET, verify=True, name="a.pod.test")
PODS = {
    "right": (AUTHORITY.leaf("a.pod.test"), b""),
    "wildcard": (AUTHORITY.leaf("*.pod.test"), b""),
    "wildcard too high": (AUTHORITY.leaf("*.test"), b""),
    "another name": (AUTHORITY.leaf("b.pod.test"), b""),
    "expired": (AUTHORITY.leaf("a.pod.test", expired=True), b""),
    "stranger": (STRANGER.leaf("a.pod.test"), b""),
    "one between": (UPPER.leaf("a.pod.test"), UPPER.pem),
    "two between": (LOWER.leaf("a.pod.test"), LOWER.pem + UPPER.pem),
    "chain incomplete": (LOWER.leaf("a.pod.test"), b""),
}
SETTINGS = {
    "checked": CHECKED,
    "checked and asked for": structs.replace(CHECKED, sends_name=True),
    "a longer chain": structs.replace(CHECKED, depth=2),
    "not checked": structs.replace(CHECKED, verify=False),
}


def directives(settings: PodTls, folder: Path, port: int) -> str:
    """As ingress-nginx writes them."""
    authorities = folder / "ca.pem"
    authorities.write_bytes(AUTHORITY.pem)
    return f"""
      location / {{
        proxy_pass https://127.0.0.1:{port};
        proxy_ssl_trusted_certificate {authorities};
        proxy_ssl_verify {"on" if settings.verify else "off"};
        proxy_ssl_verify_depth {settings.depth};
        proxy_ssl_name {settings.name};
        proxy_ssl_server_name {"on" if settings.sends_name else "off"};
        proxy_ssl_session_reuse off;
      }}"""


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize(("pair", "between"), PODS.values(), ids=PODS)
async def test_the_same_pods_are_believed(
    tmp_path: Path, settings: PodTls, pair: KeyPair, between: bytes
) -> None:
    policy = Policy(pod_protocol=PodProtocol.HTTPS, pod_tls=settings)
    tls = TlsPod(pair, chain=between)
    async with pod(tls=tls.context) as server:
        delta = structs.replace(simple([server.port], policy), secrets=(material(AUTHORITY),))
        async with proxy(delta) as running:
            ours, asked = (await fetch(running.port)).status, set(tls.asked)
        tls.asked.clear()
        written = directives(settings, tmp_path, server.port)
        async with nginx(tmp_path, server=written) as door, connect_to(door) as client:
            theirs = (await client.get(b"/", b"a.test")).status
    assert (ours, asked) == (theirs, set(tls.asked))
