"""Settings that Ingresses share, of a host or a Service port, edited while they are served."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.clients import Response, fetch
from support.commands import ingressd
from support.pods import named, pod
from support.processes import Served, serving

OLD, NEW = "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"


class Folder:
    """Manifests that are served, one file for each object."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def ingress(self, name: str, host: str, service: str, created: str = NEW, **notes: str) -> None:
        """``service`` may be given with a port, which is 80 otherwise."""
        prefixed = {
            f"nginx.ingress.kubernetes.io/{key.replace('_', '-')}": text
            for key, text in notes.items()
        }
        service, _, port = service.partition(":")
        backend = {"service": {"name": service, "port": {"number": int(port or 80)}}}
        paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
        self._put(
            "networking.k8s.io/v1", "Ingress", name,
            {"creationTimestamp": created, "annotations": prefixed},
            {"spec": {"rules": [{"host": host, "http": {"paths": paths}}]}},
        )  # fmt: skip

    def service(self, name: str, *, cluster_ip: str, port: int, endpoint: int) -> None:
        """A Service whose cluster IP and whose only endpoint are different programs."""
        ports = [{"name": "http", "port": port}]
        self._put("v1", "Service", name, {}, {"spec": {"clusterIP": cluster_ip, "ports": ports}})
        self._put(
            "discovery.k8s.io/v1", "EndpointSlice", name,
            {"labels": {"kubernetes.io/service-name": name}},
            {"addressType": "IPv4", "endpoints": [{"addresses": ["127.0.0.1"]}],
             "ports": [{"name": "http", "port": endpoint}]},
        )  # fmt: skip

    def remove(self, kind: str, name: str) -> None:
        self._file(kind, name).unlink()

    def _put(
        self,
        version: str,
        kind: str,
        name: str,
        metadata: dict[str, object],
        rest: dict[str, object],
    ) -> None:
        head = {"apiVersion": version, "kind": kind, "metadata": {"name": name, **metadata}}
        self._file(kind, name).write_text(json.dumps(head | rest))

    def _file(self, kind: str, name: str) -> Path:
        return self.path / f"{kind}-{name}.json"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


async def until_answered(running: Served, host: bytes, body: bytes | int) -> Response:
    """Ask a host until its body, or its status, is this; the test's own timeout bounds it."""
    while True:
        answer = await fetch(running.http, host=host)
        if body in (answer.body, answer.status):
            return answer


async def test_an_alias_answers_as_its_host_until_a_rule_takes_the_name(folder: Folder) -> None:
    folder.ingress("shop", "shop.test", "shop", OLD, server_alias="store.test, ~^x")
    async with (
        pod(named(b"shop")) as shop,
        pod(named(b"other")) as other,
        serving(
            ["--manifests", str(folder.path), "--backend", f"shop=127.0.0.1:{shop.port}",
             "--backend", f"other=127.0.0.1:{other.port}"]
        ) as running,
    ):  # fmt: skip
        assert (await fetch(running.http, host=b"shop.test")).body == b"shop"
        assert (await fetch(running.http, host=b"STORE.test:80")).body == b"shop"
        assert (await fetch(running.http, host=b"x.test")).status == 404
        folder.ingress("other", "store.test", "other")
        await until_answered(running, b"store.test", b"other")
        folder.remove("Ingress", "other")
        await until_answered(running, b"store.test", b"shop")
        folder.ingress("shop", "shop.test", "shop", OLD, server_alias="new.test")
        await until_answered(running, b"new.test", b"shop")
        assert (await fetch(running.http, host=b"store.test")).status == 404


async def test_the_cluster_ip_gets_the_requests_where_the_oldest_says_so(folder: Folder) -> None:
    async with pod(named(b"cluster ip")) as address, pod(named(b"endpoint")) as endpoint:
        folder.service("web", cluster_ip="127.0.0.1", port=address.port, endpoint=endpoint.port)
        folder.ingress("web", "a.test", f"web:{address.port}", OLD)
        async with serving(["--manifests", str(folder.path)]) as running:
            assert (await fetch(running.http)).body == b"endpoint"
            folder.ingress("web", "a.test", f"web:{address.port}", OLD, service_upstream="true")
            await until_answered(running, b"a.test", b"cluster ip")


def test_check_says_who_lost_a_setting_to_whom(folder: Folder) -> None:
    folder.ingress("first", "a.test", "web", OLD, server_alias="b.test")
    folder.ingress("second", "c.test", "web", server_alias="b.test", service_upstream="true")
    result = ingressd("check", folder.path)
    for told in (
        "b.test is no alias here: Ingress default/first, which is older",
        "Ingress default/first, which is older, decides this for Service port default/web:80",
    ):
        assert told in " ".join(result.output.split())
