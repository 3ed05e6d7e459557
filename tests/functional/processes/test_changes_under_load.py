"""Endpoints and certificates that come and go in files while requests come in: none is lost."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from support.certificates import CertificateAuthority, KeyPair
from support.clients import connect, fetch
from support.load import traffic
from support.pods import Visit, pod, signing
from support.program import MANIFEST, Launch, Program, running
from support.waiting import until

HOST = "a.test"
CHANGES = 15
DOWNLOADS = 50


class Files:
    """A folder of manifests in which endpoints and a certificate are replaced."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "web.yaml").write_text(MANIFEST.format(host=HOST))

    def put_endpoints(self, *ports: int) -> None:
        """The pods there are from now on."""
        slices = [self._slice(port) for port in ports]
        self._put("slices.json", {"apiVersion": "v1", "kind": "List", "items": slices})

    def put_certificate(self, pair: KeyPair) -> None:
        """The certificate that is served from now on."""
        data = {"tls.crt": pair.chain.decode(), "tls.key": pair.private_key.decode()}
        head = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tls"}}
        self._put("tls.json", {**head, "type": "kubernetes.io/tls", "stringData": data})

    def _slice(self, port: int) -> dict[str, object]:
        return {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"web-{port}",
                "labels": {"kubernetes.io/service-name": "web"},
            },
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["127.0.0.1"]}],
            "ports": [{"port": port}],
        }

    def _put(self, name: str, value: object) -> None:
        """Whole, or not at all."""
        new = self.folder / f".{name}.new"
        new.write_text(json.dumps(value))
        new.replace(self.folder / name)


@asynccontextmanager
async def served(tmp_path: Path) -> AsyncIterator[tuple[Program, Files]]:
    folder = tmp_path / "manifests"
    folder.mkdir()
    files = Files(folder)
    files.put_endpoints()
    files.put_certificate(CertificateAuthority().leaf(HOST))
    arguments = ("--no-access-log", "--default-ssl-certificate", "default/tls")
    async with running(Launch(folder, tmp_path, arguments)) as program:
        yield program, files


async def test_endpoints_that_are_replaced_under_load_lose_nothing(tmp_path: Path) -> None:
    async with (
        pod(signing(b"one")) as one,
        pod(signing(b"two")) as two,
        served(tmp_path) as (program, files),
    ):
        files.put_endpoints(one.port)
        while (await fetch(program.http)).status != 200:
            pass
        async with traffic(program.http, HOST) as seen:
            for number in range(CHANGES):
                name, port = (("two", two.port), ("one", one.port))[number % 2]
                answered = seen.answers[name]
                files.put_endpoints(port)
                await until(lambda pod=name, before=answered: seen.answers[pod] > before + 5)
        assert seen.failures == []


async def test_a_request_outlives_its_endpoint_and_all_come_back(tmp_path: Path) -> None:
    asked, finish = asyncio.Semaphore(0), asyncio.Event()

    async def slow(visit: Visit) -> None:
        while received := await visit.request():
            if b"/slow" not in received.line:
                await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold")
                continue
            await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
            asked.release()
            await finish.wait()
            await visit.send(b"half")

    async with pod(slow) as old, pod(signing(b"new")) as new, served(tmp_path) as (program, files):
        assert (await fetch(program.http)).status == 503
        files.put_endpoints(old.port)
        assert await _until_200(program.http) == b"old"
        asking = [asyncio.create_task(fetch(program.http, b"/slow")) for _ in range(DOWNLOADS)]
        for _ in asking:
            await asked.acquire()
        files.put_endpoints()
        while (await fetch(program.http)).status != 503:
            pass
        files.put_endpoints(new.port)
        assert await _until_200(program.http) == b"ok"
        finish.set()

        bodies = [(await each).body for each in asking]
        assert bodies == [b"halfhalf"] * DOWNLOADS


async def _until_200(port: int) -> bytes:
    """The first answer of a pod; until then there is none to ask."""
    while True:
        response = await fetch(port)
        if response.status == 200:
            return response.body
        assert response.status == 503


async def test_a_certificate_that_is_replaced_under_load_fails_no_handshake(
    tmp_path: Path,
) -> None:
    authority = CertificateAuthority()
    trusting = authority.client_context()
    async with served(tmp_path) as (program, files):
        certificates = [authority.leaf(HOST) for _ in range(CHANGES)]
        for pair in certificates:
            files.put_certificate(pair)
            wanted = ssl.PEM_cert_to_DER_cert(pair.chain.decode())
            shown = b""
            while shown != wanted:
                try:
                    async with connect(program.https, tls=trusting, server_name=HOST) as client:
                        shown = _certificate(client.writer)
                        assert (await client.get()).status == 503
                except ssl.SSLCertVerificationError:
                    assert pair is certificates[0]  # what was there before is of another authority


def _certificate(writer: asyncio.StreamWriter) -> bytes:
    """What the server showed."""
    shown: bytes | None = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return shown or b""
