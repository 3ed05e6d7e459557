"""The parts of the benchmark that speak over sockets: its API server, its pods and its clients."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.pods import answering, pod
from support.proxies import limited, proxy, simple
from support.watching import listening

from bench.cluster.api import ClusterApi, kubeconfig
from bench.cluster.objects import cluster_objects, endpoint_slice, place_of
from bench.cluster.shape import Shape
from bench.programs import Ports
from bench.proxies.peer import write_certificate
from bench.ratios.readiness import resumes_sessions
from bench.scale import pods
from bench.scale.client import WEBSOCKET, Regular, UnexpectedAnswer, connect, crowd, latencies
from bench.scale.slow import slow_clients, slow_figure
from ingressd.resources.endpoints import EndpointSlice
from ingressd.sources.kubernetes.api import connect as connect_api

SMALL = Shape(ingresses=6, services=4, endpoints=8, certificates=2)
LAST = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


async def test_the_api_server_serves_a_cluster_and_its_changes(tmp_path: Path) -> None:
    cluster = ClusterApi(cluster_objects(SMALL))
    async with cluster.serving() as url:
        api = await connect_api(str(kubeconfig(tmp_path, url)))
        async with listening(api) as heard:
            await heard.until(lambda: heard.synced)
            assert len(heard.objects) == 1 + 6 + 4 + 4 + 2
            changed = endpoint_slice(*place_of(SMALL, 3), ["10.64.9.9"])
            cluster.put("endpointslices", changed)
            await heard.until(lambda: bool(heard.changes))
            (event,) = heard.changes
            found = heard.objects[event.resource.key]  # type: ignore[union-attr]
            assert isinstance(found, EndpointSlice)
            assert found.endpoints[0].addresses == ("10.64.9.9",)
            assert heard.findings == []
        await api.close()


async def test_a_client_reads_answer_after_answer() -> None:
    async with pods.pod("127.0.0.1", 0) as port:
        client = await connect(port)
        assert [await client.get("a") for _ in range(3)] == [b"127.0.0.1"] * 3
        with pytest.raises(UnexpectedAnswer):
            await client.get("a", status=404)
        client.close()


async def test_a_regular_client_comes_back() -> None:
    async with pod(answering(LAST)) as server:
        client = Regular(server.port)
        assert [await client.get("a"), await client.get("a")] == [b"ok", b"ok"]
        assert server.connections == 2


async def test_a_crowd_holds_websockets_open() -> None:
    async with pods.pod("127.0.0.1", 0) as port, crowd(port, 30, "a", WEBSOCKET, 101) as clients:
        assert len(clients) == 30
        assert all(client.is_open for client in clients)
    assert not any(client.is_open for client in clients)


async def test_slow_clients_report_how_they_were_closed() -> None:
    delta = limited(simple([]), head_timeout=0.2)
    async with proxy(delta) as running, slow_clients(running.port, 8, pause=0.05) as clients:
        report = await clients.report()
    assert (report.count, report.still_open, report.statuses) == (8, 0, {408: 8})
    assert report.longest >= report.shortest > 0


async def test_slow_clients_that_are_let_be_creep_until_they_leave() -> None:
    async with pods.pod("127.0.0.1", 0) as port, slow_clients(port, 8, pause=0.001) as clients:
        await latencies(port, "a", seconds=0.05)
        report = await clients.leave()
    assert (report.still_open, report.statuses) == (8, {})
    assert report.rate > 0


async def test_requests_are_measured_without_and_with_slow_clients(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bench.scale.slow.SETTLING", 0)
    monkeypatch.setattr("bench.scale.turns.ROUNDS", 2)
    async with pods.pod("127.0.0.1", 0) as port:
        figure = await slow_figure(port, 8, seconds=0.05)
    assert figure.name == "p99 of requests among 8 slow clients"
    assert re.fullmatch(r"\S+ ms \(.*\), \S+ ms \(.*\) among them: x [\d.]+; .*", figure.measured)


@asynccontextmanager
async def tls_server(folder: Path, tickets: int) -> AsyncIterator[Ports]:
    """A TLS server that grants so many tickets."""
    write_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    context.num_tickets = tickets

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(LAST)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield Ports(http=0, https=server.sockets[0].getsockname()[1], admin=0, backend=0)


@pytest.mark.parametrize(("tickets", "resumes"), [(2, True), (0, False)])
async def test_it_is_noticed_where_sessions_are_resumed(
    tmp_path: Path, tickets: int, resumes: bool
) -> None:
    async with tls_server(tmp_path, tickets) as ports:
        assert await asyncio.to_thread(resumes_sessions, ports) is resumes
