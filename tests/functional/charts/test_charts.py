"""Ingresses as public Helm charts render them: checked, then served together as in one cluster.

Comments in ``charts/*.yaml`` say what is expected: ``# get URL -> STATUS [LOCATION]`` of requests,
``# told: CODE ANNOTATION`` of findings; anything else that is worse than information is a failure.
Certificates are made for the names in ``spec.tls``, as cert-manager would; a Service port that is
named https leads to a pod that speaks TLS.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from support.annotated import Manifest, tls_secret
from support.certificates import CertificateAuthority
from support.clients import connect
from support.commands import ingressd
from support.pods import pod
from support.processes import Served, serving
from support.tls_pods import TlsPod

from ingressd.resources.documents import decode_text
from ingressd.resources.ingress import Ingress
from ingressd.resources.metadata import Resource
from ingressd.resources.service import Service

CHARTS = sorted(Path(__file__).parent.glob("*.yaml"))
AUTHORITY = CertificateAuthority()
AUTH_SERVICE = "oauth2-proxy.auth.svc.cluster.local"


class Expected(NamedTuple):
    """A request and what it must be answered with."""

    url: str
    status: int
    location: str


def expectations(chart: Path) -> list[Expected]:
    found = re.findall(r"^# get (\S+) -> (\d+) ?(\S*)$", chart.read_text(), re.MULTILINE)
    return [Expected(url, int(status), location) for url, status, location in found]


def expected_findings(chart: Path) -> set[tuple[str, str]]:
    return set(re.findall(r"^# told: (\S+) (\S+)$", chart.read_text(), re.MULTILINE))


def objects(chart: Path) -> list[Resource]:
    decoding = decode_text(chart.read_text(), chart.name)
    assert not decoding.findings
    return [located.resource for located in decoding.objects]


def certificates(chart: Path) -> Iterator[Manifest]:
    """The Secrets that the Ingresses of a chart name."""
    for ingress in objects(chart):
        for entry in ingress.spec.tls if isinstance(ingress, Ingress) else ():
            secret = tls_secret(entry.secret_name, AUTHORITY.leaf(*entry.hosts))
            secret["metadata"] = {
                "name": entry.secret_name,
                "namespace": ingress.metadata.namespace,
            }
            yield secret


def write(folder: Path, chart: Path, auth_port: int = 80) -> None:
    """The chart, and the certificates that it takes for granted."""
    address = f"{AUTH_SERVICE}/", f"127.0.0.1:{auth_port}/"
    (folder / chart.name).write_text(chart.read_text().replace(*address))
    made = {str(each["metadata"]): each for each in certificates(chart)}
    listed = {"apiVersion": "v1", "kind": "List", "items": list(made.values())}
    (folder / f"{chart.stem}-certificates.json").write_text(json.dumps(listed))


def backends(chart: Path, plain: int, tls: int) -> Iterator[str]:
    """Every port of every Service leads to one of two pods."""
    for service in objects(chart):
        for port in service.spec.ports if isinstance(service, Service) else ():
            target = tls if (port.name or "").startswith("https") else plain
            yield f"--backend={service.key.qualified_name}:{port.port}=127.0.0.1:{target}"


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Served]:
    """All charts, by one program."""
    certified = TlsPod(AUTHORITY.leaf("vault.vault.svc")).context
    async with pod() as plain, pod(tls=certified) as tls:
        flags: list[str] = []
        for chart in CHARTS:
            write(folder, chart, plain.port)
            flags += backends(chart, plain.port, tls.port)
        async with serving(["--manifests", str(folder), *flags]) as running:
            yield running


async def answer(running: Served, url: str) -> tuple[int, str]:
    """Status and Location of a GET."""
    parts = urlsplit(url)
    host = parts.netloc.encode()
    target = parts._replace(scheme="", netloc="", fragment="").geturl().encode()
    is_secure = parts.scheme == "https"
    context = AUTHORITY.client_context() if is_secure else None
    port = running.https if is_secure else running.http
    async with connect(port, tls=context, server_name=parts.netloc) as client:
        response = await client.get(target, host)
    location = (response.value(b"location") or b"").decode()
    return response.status, location.replace(f":{running.http}/", ":80/")


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.stem)
def test_check_tells_nothing_unexpected(tmp_path: Path, chart: Path) -> None:
    write(tmp_path, chart)
    told = json.loads(ingressd("check", tmp_path, "--output", "json").output)
    worth = [finding for finding in told if finding["severity"] != "info"]
    fields = [(found["code"], re.sub(r".*/(.+)\]", r"\1", found["field"])) for found in worth]
    assert set(fields) == expected_findings(chart)


async def test_every_chart_is_served(tmp_path: Path) -> None:
    expected = {each.url: each for chart in CHARTS for each in expectations(chart)}
    assert len(expected) > len(CHARTS)
    async with served(tmp_path) as running:
        answers = {url: Expected(url, *await answer(running, url)) for url in expected}
    assert answers == expected
