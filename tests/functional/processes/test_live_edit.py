"""Manifests edited while they are served: what is in flight does not notice."""

from __future__ import annotations

import asyncio
import json
import ssl
from pathlib import Path

import pytest
from support.certificates import CertificateAuthority
from support.clients import Client, connect, fetch
from support.pods import Visit, named, pod
from support.process_tree import children
from support.processes import Served, serving
from support.websockets import ASK, SWITCH, shout

from bench.memory import memory_of

GIBIBYTE = 1 << 30
PIECE = bytes(1 << 20)
FLAT = 48 << 20
"""Bytes by which a worker may grow while a gibibyte passes through it."""

INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: live}}
spec:
  rules:
  - host: a.test
    http:
      paths:
      - path: {path}
        pathType: Prefix
        backend: {{service: {{name: {service}, port: {{number: 80}}}}}}
"""


async def stream_or_shout(visit: Visit) -> None:
    """Downloads a gibibyte, or shouts back as another protocol."""
    request = await visit.request()
    assert request is not None
    if b" /download " in request.line:
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % GIBIBYTE)
        for _ in range(GIBIBYTE // len(PIECE)):
            await visit.send(PIECE)
    else:
        await visit.send(SWITCH)
        await shout(visit)


async def drained(client: Client, total: int) -> int:
    """Read ``total`` bytes without keeping them; returns how many came."""
    seen = 0
    while seen < total and (data := await client.reader.read(1 << 20)):
        seen += len(data)
    return seen


def resident(running: Served) -> int:
    """Resident bytes of the worker process."""
    (worker,) = children(running.process.pid)
    return memory_of(worker).rss


async def becomes(port: int, status: int, path: bytes = b"/", host: bytes = b"a.test") -> None:
    """Ask until the answer has this status; the test's own timeout bounds it."""
    while (await fetch(port, path, host)).status != status:
        continue


async def test_an_edit_leaves_a_websocket_and_a_gibibyte_alone(tmp_path: Path) -> None:
    manifest = tmp_path / "live.yaml"
    manifest.write_text(INGRESS.format(path="/", service="web"))
    async with (
        pod(stream_or_shout) as web,
        pod(named(b"new")) as new,
        serving(
            ["--manifests", str(manifest), "--backend", f"web=127.0.0.1:{web.port}",
             "--backend", f"new=127.0.0.1:{new.port}"]
        ) as running,
        connect(running.http) as socket,
        connect(running.http) as download,
    ):  # fmt: skip
        await socket.send(ASK)
        assert (await socket.response()).status == 101
        await download.send(b"GET /download HTTP/1.1\r\nHost: a.test\r\n\r\n")
        await download.reader.readuntil(b"\r\n\r\n")
        before = resident(running)
        first_half = await drained(download, GIBIBYTE // 2)

        manifest.write_text(INGRESS.format(path="/new", service="new"))
        await becomes(running.http, 404, b"/download")
        assert (await fetch(running.http, b"/new")).body == b"new"

        assert first_half + await drained(download, GIBIBYTE - first_half) == GIBIBYTE
        assert resident(running) - before < FLAT
        await socket.send(b"still here")
        assert await socket.reader.readexactly(10) == b"STILL HERE"


async def test_a_half_written_file_keeps_what_was_served(tmp_path: Path) -> None:
    manifest, other = tmp_path / "live.yaml", tmp_path / "other.yaml"
    text = INGRESS.format(path="/", service="web")
    manifest.write_text(text)
    other.write_text(text.replace("a.test", "b.test").replace("name: live", "name: other"))
    async with (
        pod(named(b"web")) as web,
        serving(
            ["--manifests", str(tmp_path), "--backend", f"web=127.0.0.1:{web.port}"]
        ) as running,
    ):
        manifest.write_text(text[: text.index("number")])
        other.write_text(other.read_text().replace("path: /\n", "path: /moved\n"))
        await becomes(running.http, 200, b"/moved", b"b.test")
        await becomes(running.http, 404, b"/", b"b.test")
        assert (await fetch(running.http)).body == b"web"


def put_secured(manifest: Path, path: str, chain: bytes, private_key: bytes) -> None:
    """The Ingress with this path, and its Secret unless the chain is empty: all at once."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "tls"},
        "type": "kubernetes.io/tls",
        "stringData": {"tls.crt": chain.decode(), "tls.key": private_key.decode()},
    }
    text = INGRESS.format(path=path, service="web")
    text += "  tls: [{hosts: [a.test], secretName: tls}]\n"
    new = manifest.with_suffix(".new")
    new.write_text(f"{text}---\n{json.dumps(secret)}\n" if chain else text)
    new.replace(manifest)


async def status_over_tls(port: int, path: bytes, trusting: ssl.SSLContext) -> int:
    """Of one request by a client that would take no other certificate."""
    async with connect(port, tls=trusting, server_name="a.test") as client:
        return (await client.get(path)).status


async def test_a_secret_that_turns_to_garbage_keeps_its_certificate_until_it_goes(
    tmp_path: Path,
) -> None:
    manifest, authority = tmp_path / "live.yaml", CertificateAuthority()
    good, encrypted = authority.leaf("a.test"), authority.leaf("a.test", password=b"secret")
    trusting = authority.client_context()
    contents = [
        (good.chain, good.private_key),
        (good.chain, encrypted.private_key),
        (encrypted.chain, good.private_key),
        (b"garbage", b"garbage"),
    ]
    put_secured(manifest, "/start", *contents[0])
    async with (
        pod(named(b"web")) as web,
        serving(
            ["--manifests", str(tmp_path), "--backend", f"web=127.0.0.1:{web.port}"]
        ) as running,
    ):
        for number, content in enumerate(contents):
            await asyncio.to_thread(put_secured, manifest, f"/{number}", *content)
            while await status_over_tls(running.https, b"/%d" % number, trusting) != 200:
                continue

        end = "/.well-known/acme-challenge/end"  # which is not redirected to https
        await asyncio.to_thread(put_secured, manifest, end, b"", b"")
        await becomes(running.http, 200, end.encode())
        with pytest.raises(ssl.SSLCertVerificationError):
            await status_over_tls(running.https, end.encode(), trusting)
