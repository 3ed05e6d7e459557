"""``ingressd run`` behind a load balancer: from its flags to what a pod sees."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from support.clients import connect
from support.pods import Pod, pod
from support.processes import Served, serving
from support.program import MANIFEST
from support.proxy_headers import CLIENT, line


@asynccontextmanager
async def behind(folder: Path, *flags: str) -> AsyncIterator[tuple[Served, Pod]]:
    """The program with these flags, and the pod that it leads to."""
    manifest = folder / "web.yaml"
    manifest.write_text(MANIFEST.format(host="a.test"))
    async with pod() as web:
        backend = ("--backend", f"web=127.0.0.1:{web.port}")
        async with serving(["--manifests", str(manifest), *backend, *flags]) as served:
            yield served, web


async def test_a_load_balancer_that_speaks_the_proxy_protocol(tmp_path: Path) -> None:
    async with behind(tmp_path, "--use-proxy-protocol") as (served, web):
        async with connect(served.http) as client:
            await client.send(line())
            assert (await client.get()).status == 200
        async with connect(served.http) as client:
            await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
            assert await client.at_eof()
    assert [request.value(b"X-Real-IP") for request in web.requests] == [CLIENT.encode()]


async def test_a_load_balancer_that_adds_fields(tmp_path: Path) -> None:
    flags = ("--use-forwarded-headers", "--proxy-real-ip-cidr", "127.0.0.1")
    async with (
        behind(tmp_path, *flags) as (served, web),
        connect(served.http) as client,
    ):
        await client.get(extra=b"X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\n")
    assert [request.value(b"X-Real-IP") for request in web.requests] == [b"192.0.2.1"]
