"""The ConfigMap beside the manifests, edited while it is served, and what ``check`` says of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from support.clients import Response, connect, fetch
from support.commands import ingressd
from support.pods import pod
from support.processes import serving

INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  rules:
  - host: a.test
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {service: {name: web, port: {number: 80}}}
"""
HEAD = b"GET / HTTP/1.1\r\nHost: a.test\r\n"
LIVE_MARK = {"keep-alive-requests": "1"}
"""With this key every answer says ``Connection: close``: so the others are in force, too."""


class Folder:
    """Manifests with a ConfigMap, and the port on which they are served."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.port = 0
        (path / "web.yaml").write_text(INGRESS)

    def put(self, keys: Mapping[str, str]) -> None:
        metadata = {"name": "settings", "namespace": "default"}
        manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": keys}
        (self.path / "settings.json").write_text(json.dumps(manifest))

    async def edit(self, **keys: str) -> None:
        """Write other keys, and wait until they are in force."""
        self.put({**LIVE_MARK, **{key.replace("_", "-"): text for key, text in keys.items()}})
        while (await fetch(self.port)).value(b"connection") != b"close":
            continue


@asynccontextmanager
async def served(folder: Path, **keys: str) -> AsyncIterator[Folder]:
    """A pod behind a process that serves the folder, where the ConfigMap has these keys."""
    made = Folder(folder)
    made.put({key.replace("_", "-"): text for key, text in keys.items()})
    async with pod() as web:
        flags = ["--configmap", "default/settings", "--backend", f"web=127.0.0.1:{web.port}"]
        async with serving(["--manifests", str(folder), *flags]) as running:
            made.port = running.http
            yield made


async def post(port: int, size: int) -> Response:
    async with connect(port) as client:
        await client.send(
            b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % size + bytes(size)
        )
        return await client.response()


async def test_limits_change_for_connections_to_come(tmp_path: Path) -> None:
    async with served(tmp_path) as folder, connect(folder.port) as earlier:
        assert (await earlier.get()).value(b"connection") is None
        await folder.edit(client_header_timeout="1")
        async with connect(folder.port) as slow:
            await slow.send(HEAD)
            assert (await slow.response()).status == 408
        assert (await earlier.get()).value(b"connection") is None, "it keeps its own limits"


async def test_the_limit_of_bodies_changes_both_ways_and_an_annotation_wins(tmp_path: Path) -> None:
    async with served(tmp_path, proxy_body_size="1k") as folder:
        assert [(await post(folder.port, size)).status for size in (1024, 1025)] == [200, 413]
        await folder.edit(proxy_body_size="2k")
        assert [(await post(folder.port, size)).status for size in (1025, 2049)] == [200, 413]
        name = "nginx.ingress.kubernetes.io/proxy-body-size"
        annotated = INGRESS.replace(
            "{name: web}", f'{{name: web, annotations: {{{name}: "0"}}}}', 1
        )
        (folder.path / "web.yaml").write_text(annotated)
        while (await post(folder.port, 2049)).status != 200:
            continue


async def test_large_client_header_buffers_bound_each_line_and_the_head(tmp_path: Path) -> None:
    async with served(tmp_path, large_client_header_buffers="2 1k") as folder:
        statuses = []
        for target, value, lines in ((900, 900, 1), (1100, 1, 1), (1, 1100, 1), (1, 900, 3)):
            fields = b"".join(b"X-%d: %b\r\n" % (n, b"a" * value) for n in range(lines))
            async with connect(folder.port) as client:
                await client.send(
                    b"GET /%b HTTP/1.1\r\nHost: a.test\r\n%b\r\n" % (b"a" * target, fields)
                )
                statuses.append((await client.response()).status)
    assert statuses == [200, 414, 431, 431]


async def test_keep_alive_0_closes_after_each_answer_and_comes_back(tmp_path: Path) -> None:
    async with served(tmp_path, keep_alive="0") as folder:
        async with connect(folder.port) as client:
            assert (await client.get()).value(b"connection") == b"close"
            assert await client.at_eof()
        (folder.path / "settings.json").unlink()
        while (await fetch(folder.port)).value(b"connection") is not None:
            continue


async def test_a_protection_that_cannot_be_given_closes_every_route(tmp_path: Path) -> None:
    async with served(tmp_path) as folder:
        assert (await fetch(folder.port)).status == 200
        folder.put({"global-auth-url": "auth.test"})
        while (await fetch(folder.port)).status != 503:
            continue
        folder.put({"global-auth-url": ""})
        while (await fetch(folder.port)).status != 200:
            continue


def test_check_names_each_bad_key_with_reason_and_remedy(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.put(
        {
            "client-header-timeout": "60s",
            "proxy-boby-size": "8m",
            "block-cidrs": "10.0.0.0/99",
            "use-gzip": "true",
            "keep-alive": "30",
        }
    )
    result = ingressd("check", tmp_path, "--configmap", "default/settings", "--output", "json")
    told = {
        found["field"]: (found["severity"], found["code"], found["remedy"])
        for found in json.loads(result.output)
        if found["subject"][0] == "ConfigMap"
    }
    assert told == {
        "data[block-cidrs]": (
            "error",
            "ConfigMapKeyInvalid",
            "write addresses or networks such as 10.0.0.0/8, separated by commas",
        ),
        "data[client-header-timeout]": (
            "warning",
            "ConfigMapKeyInvalid",
            "write a whole number of seconds without a unit, at least 1",
        ),
        "data[proxy-boby-size]": (
            "warning",
            "ConfigMapKeyUnknown",
            "did you mean proxy-body-size?",
        ),
        "data[use-gzip]": (
            "warning",
            "ConfigMapKeyUnsupported",
            "let the application compress",
        ),
    }
    assert result.exit_code == 1


def test_check_tells_that_the_configmap_does_not_exist(tmp_path: Path) -> None:
    Folder(tmp_path)
    result = ingressd("check", tmp_path, "--configmap", "default/other", "--output", "json")
    assert "ConfigMapMissing" in {found["code"] for found in json.loads(result.output)}
