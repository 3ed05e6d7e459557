"""WebSockets stay while the table changes under them, a hundred times, and to their own route."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from support.certificates import CertificateAuthority, KeyPair
from support.clients import Client, connected
from support.each_worker import each_worker
from support.pods import pod
from support.program import Launch, Program, running
from support.refusing import refusing_address
from support.websockets import ASK, agree_and_shout

from bench.cluster.api import ClusterApi, kubeconfig
from bench.cluster.objects import Object, endpoint_slice, ingress, service

NAMESPACE = "shop"
HOST = "a.test"
TUNNELS = 50
CHANGES = 100


def secret(pair: KeyPair) -> Object:
    encoded = {"tls.crt": pair.chain, "tls.key": pair.private_key}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": NAMESPACE, "name": "tls"},
        "type": "kubernetes.io/tls",
        "data": {key: base64.b64encode(value).decode() for key, value in encoded.items()},
    }


def own_ingress(number: int, host: str = HOST) -> Object:
    """The Ingress of the tunnels: even ones differ from odd ones."""
    own = ingress(NAMESPACE, "own", host, ["web", *["other"] * (number % 2)], secret="tls")
    own["metadata"]["annotations"] = {"nginx.ingress.kubernetes.io/ssl-redirect": "false"}
    return own


class Cluster:
    """An API server, and what changes in it."""

    def __init__(self) -> None:
        self.authority = CertificateAuthority()
        self.api = ClusterApi(
            {
                "ingresses": [own_ingress(0), ingress(NAMESPACE, "other", "b.test", ["other"])],
                "services": [service(NAMESPACE, name) for name in ("web", "other")],
                "endpointslices": [endpoint_slice(NAMESPACE, "other", [])],
                "secrets": [secret(self.authority.leaf(HOST))],
            }
        )

    def change(self, number: int) -> None:
        """Something else each time."""
        match number % 4:
            case 0:
                self.api.put("secrets", secret(self.authority.leaf(HOST)))
            case 1:
                self.api.put("ingresses", own_ingress(number // 4 + 1))
            case 2:
                self._put_pods(number)
            case 3:
                hosts = ingress(NAMESPACE, "other", f"b-{number}.test", ["other"])
                self.api.put("ingresses", hosts)

    def _put_pods(self, number: int) -> None:
        slice_ = endpoint_slice(NAMESPACE, "other", [refusing_address()], port=8000 + number)
        self.api.put("endpointslices", slice_)


@asynccontextmanager
async def served(folder: Path, cluster: Cluster) -> AsyncIterator[Program]:
    async with pod(agree_and_shout) as web, cluster.api.serving() as url:
        flags = ("--no-access-log", "--watch-ingress-without-class")
        backend = ("--backend", f"{NAMESPACE}/web=127.0.0.1:{web.port}")
        settings = kubeconfig(folder, url)
        launch = Launch(settings, folder, (*flags, *backend), flag="--kubeconfig")
        async with running(launch) as program:
            yield program


@asynccontextmanager
async def tunnels(program: Program, authority: CertificateAuthority) -> AsyncIterator[list[Client]]:
    """As many with TLS as without."""
    trusting, half = authority.client_context(), TUNNELS // 2
    async with (
        connected(program.http, half) as plain,
        connected(program.https, half, tls=trusting, server_name=HOST) as secured,
    ):
        for client in (*plain, *secured):
            await client.send(ASK)
            assert (await client.response()).status == 101
        yield [*plain, *secured]


async def until_served(program: Program, generation: float) -> None:
    """Wait until every worker serves that table, or a later one."""
    while True:
        samples = await program.samples("ingressd_worker_generation")
        if min(value for _, value in samples) >= generation:
            return


async def test_no_change_cuts_one(tmp_path: Path) -> None:
    cluster = Cluster()
    async with (
        served(tmp_path, cluster) as program,
        tunnels(program, cluster.authority) as clients,
        each_worker(program) as workers,
    ):
        generation = await program.metric("ingressd_configuration_generation")
        for number in range(1, CHANGES + 1):
            cluster.change(number)
            await until_served(program, generation + number)
        cluster.api.put("ingresses", own_ingress(0, "elsewhere.test"))
        await workers.until(HOST.encode(), 404)

        for client in clients:
            await client.send(b"still here")
        said = [await client.reader.readexactly(10) for client in clients]
        assert said == [b"STILL HERE"] * TUNNELS
