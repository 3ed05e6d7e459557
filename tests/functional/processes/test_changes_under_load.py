"""Endpoints and certificates that come and go in files while requests come in: none is lost."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

from support.certificates import CertificateAuthority, KeyPair
from support.clients import connect, fetch
from support.each_worker import each_worker
from support.load import Traffic, traffic
from support.pods import OK, Visit, answering, pod, signing
from support.program import MANIFEST, Launch, Program, running
from support.waiting import until

HOST = "a.test"
CHANGES = 15
CERTIFICATES = 100
DOWNLOADS = 50
IN_A_ROW = 100
SHIFT_SECONDS = 10.0

PROMPT_SECONDS = 0.05
LIVE_SECONDS = 1.0
"""Medians, of an answer from each of two workers, and of a change until both serve it."""


class Files:
    """A folder of manifests in which endpoints and a certificate are replaced."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "web.yaml").write_text(MANIFEST.format(host=HOST))

    def put_endpoints(
        self, *ports: int, leaving: Sequence[int] = (), gone: Sequence[int] = ()
    ) -> None:
        """The pods there are from now on; those that leave still serve, those that are gone do not
        though they are listed.
        """
        slices = [
            *(self._slice(port, ready=True) for port in ports),
            *(self._slice(port, ready=False, serving=True, terminating=True) for port in leaving),
            *(self._slice(port, ready=False, serving=False, terminating=True) for port in gone),
        ]
        self._put("slices.json", {"apiVersion": "v1", "kind": "List", "items": slices})

    def put_certificate(self, pair: KeyPair) -> None:
        """The certificate that is served from now on."""
        data = {"tls.crt": pair.chain.decode(), "tls.key": pair.private_key.decode()}
        head = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tls"}}
        self._put("tls.json", {**head, "type": "kubernetes.io/tls", "stringData": data})

    def _slice(self, port: int, **conditions: bool) -> dict[str, object]:
        return {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"web-{port}",
                "labels": {"kubernetes.io/service-name": "web"},
            },
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["127.0.0.1"], "conditions": conditions}],
            "ports": [{"port": port}],
        }

    def _put(self, name: str, value: object) -> None:
        """Whole, or not at all."""
        new = self.folder / f".{name}.new"
        new.write_text(json.dumps(value))
        new.replace(self.folder / name)


@asynccontextmanager
async def served(
    tmp_path: Path, certificate: KeyPair | None = None
) -> AsyncIterator[tuple[Program, Files]]:
    folder = tmp_path / "manifests"
    folder.mkdir()
    files = Files(folder)
    files.put_endpoints()
    files.put_certificate(certificate or CertificateAuthority().leaf(HOST))
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


async def test_pods_that_leave_serve_while_no_other_is_ready(tmp_path: Path) -> None:
    """KEP-1669: better one that is about to go than 503."""
    async with (
        pod(signing(b"old")) as old,
        pod(signing(b"new")) as new,
        served(tmp_path) as (program, files),
    ):
        files.put_endpoints(old.port)
        await _until_200(program.http)
        async with traffic(program.http, HOST) as seen:
            for _ in range(3):
                files.put_endpoints(new.port, leaving=[old.port])
                await _until_all_come_from("new", seen)
                files.put_endpoints(leaving=[old.port], gone=[new.port])
                await _until_all_come_from("old", seen)
        assert seen.failures == []
        files.put_endpoints(gone=[old.port, new.port])
        while (await fetch(program.http)).status != 503:
            pass


async def _until_all_come_from(name: str, seen: Traffic) -> None:
    """Wait until so many answers in a row are of this pod that no worker can know another one."""
    async with asyncio.timeout(SHIFT_SECONDS):
        while True:
            before, wanted = seen.answers.copy(), seen.answers.total() + IN_A_ROW
            await until(lambda goal=wanted: bool(seen.failures) or seen.answers.total() >= goal)
            assert seen.failures == []
            if (seen.answers - before).keys() == {name}:
                return


async def test_without_endpoints_the_answer_is_prompt_and_those_that_come_back_are_soon_asked(
    tmp_path: Path,
) -> None:
    asked, back = [], []
    async with pod(answering(OK)) as web, served(tmp_path) as (program, files):
        files.put_endpoints(web.port)
        await _until_200(program.http)
        async with each_worker(program) as workers:
            for _ in range(5):
                files.put_endpoints()
                await workers.until(HOST.encode(), 503)
                connections = web.connections
                asked += [await _seconds(workers.until(HOST.encode(), 503)) for _ in range(20)]
                assert web.connections == connections
                files.put_endpoints(web.port)
                back.append(await _seconds(workers.until(HOST.encode(), 200)))
    assert median(asked) < PROMPT_SECONDS
    assert median(back) < LIVE_SECONDS


async def _seconds(work: Awaitable[None]) -> float:
    """How long it takes."""
    begun = time.monotonic()
    await work
    return time.monotonic() - begun


async def test_a_certificate_that_is_replaced_under_load_fails_no_handshake(
    tmp_path: Path,
) -> None:
    authority = CertificateAuthority()
    trusting = authority.client_context()
    async with (
        served(tmp_path, authority.leaf(HOST)) as (program, files),
        connect(program.https, tls=trusting, server_name=HOST) as kept,
    ):
        delays = []
        for _ in range(CERTIFICATES):
            pair = authority.leaf(HOST)
            files.put_certificate(pair)
            delays.append(await _seconds(_until_shown(program.https, trusting, pair)))
            assert (await kept.get()).status == 503
    assert median(delays) < LIVE_SECONDS


async def _until_shown(port: int, trusting: ssl.SSLContext, pair: KeyPair) -> None:
    """Make connections, each good for a request, until one comes with this certificate."""
    wanted, shown = ssl.PEM_cert_to_DER_cert(pair.chain.decode()), None
    while shown != wanted:
        async with connect(port, tls=trusting, server_name=HOST) as client:
            shown = client.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            assert (await client.get()).status == 503
