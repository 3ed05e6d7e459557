"""Real worker processes on real sockets: started, fed, killed, stopped, replaced, drained."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from support.clients import connect, fetch
from support.each_worker import WorkerClient
from support.waiting import refuses, until

from ingressd.proxy.settings import ProxySettings
from ingressd.routing.delta import Delta
from ingressd.routing.model import Backend, Endpoint, Host, PathKind, Route, Upstream
from ingressd.routing.table import Table
from ingressd.workers.channel import open_channel
from ingressd.workers.sockets import Addresses, bind_workers, port_of
from ingressd.workers.supervisor import Supervisor
from ingressd.workers.worker import WorkerSettings

SETTINGS = WorkerSettings(
    ProxySettings(affinity_key=b"k" * 32, access_log=False),
    heartbeat_interval=0.05,
    heartbeat_timeout=10.0,
)
UPSTREAM = "shop/web:80"

CONNECTIONS = 400
"""Of two workers: about half are in the queue of each."""

RESTART_SECONDS = 1.0


class Cluster:
    """A supervisor with its workers, the table it publishes, and a client."""

    def __init__(self, supervisor: Supervisor, port: int, tables: Tables) -> None:
        self.supervisor = supervisor
        self.tables = tables
        self.port = port

    def change(self, *endpoints: Endpoint) -> None:
        self.supervisor.publish(self.tables.with_endpoints(endpoints))

    async def get(self, path: str = "/") -> tuple[int, str]:
        """One request on a connection of its own, which any worker may get."""
        async with (
            ClientSession() as session,
            session.get(
                f"http://127.0.0.1:{self.port}{path}", headers={"Host": "shop.test"}
            ) as answer,
        ):
            return answer.status, await answer.text()


class Tables:
    """The table as a controller would keep it."""

    def __init__(self) -> None:
        self.table = Table.empty()

    def full(self) -> Delta:
        return self.table.as_delta()

    def with_endpoints(self, endpoints: tuple[Endpoint, ...]) -> Delta:
        route = Route(
            "shop.test", "/", PathKind.PREFIX, "shop/web", "", Backend("shop", "web", "80")
        )
        delta = Delta(
            self.table.generation + 1,
            hosts=(Host("shop.test", (route,)),),
            upstreams=(Upstream(UPSTREAM, endpoints),),
        )
        self.table = self.table.apply(delta)
        return delta

    def with_nothing_new(self) -> Delta:
        delta = Delta(self.table.generation + 1, removed_hosts=("gone.test",))
        self.table = self.table.apply(delta)
        return delta


class Pod:
    """Answers with the path it was asked for; ``/slow`` stops after half an answer."""

    def __init__(self) -> None:
        self.is_halfway = asyncio.Event()
        self.may_go_on = asyncio.Event()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path != "/slow":
            return web.Response(text=request.path)
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first ")
        self.is_halfway.set()
        await self.may_go_on.wait()
        await response.write(b"last")
        return response


@pytest.fixture
async def behaviour() -> Pod:
    return Pod()


@pytest.fixture
async def pod(behaviour: Pod) -> AsyncIterator[Endpoint]:
    runner = web.ServerRunner(web.Server(behaviour.answer), shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Endpoint("127.0.0.1", int(runner.addresses[0][1]))
    await runner.cleanup()


@contextlib.asynccontextmanager
async def running(workers: int, settings: WorkerSettings = SETTINGS) -> AsyncIterator[Cluster]:
    tables = Tables()
    listeners = bind_workers(Addresses(("127.0.0.1",), 0, 0), workers)
    supervisor = Supervisor(settings, listeners, tables.full)
    supervisor.start()
    try:
        yield Cluster(supervisor, port_of(listeners[0].http[0]), tables)
    finally:
        supervisor.kill()
        await supervisor.stop(0)


async def test_workers_serve_from_the_first_table_on_and_follow_changes(pod: Endpoint) -> None:
    async with running(2) as cluster:
        assert refuses(cluster.port)
        cluster.change()
        await cluster.supervisor.ready()
        assert (await cluster.get())[0] == 503

        cluster.change(pod)
        await until(lambda: all(w.generation == 2 for w in cluster.supervisor.status))
        assert await cluster.get("/hello") == (200, "/hello")


async def test_a_killed_worker_is_replaced_and_its_queue_is_served(pod: Endpoint) -> None:
    async with running(2) as cluster, contextlib.AsyncExitStack() as stack:
        cluster.change(pod)
        await cluster.supervisor.ready()
        before, other = cluster.supervisor.status
        survivor = WorkerClient(cluster.port, other.pid, stack)
        assert await survivor.status(b"shop.test") == 200

        os.kill(before.pid, signal.SIGSTOP)
        queued = [
            await asyncio.open_connection("127.0.0.1", cluster.port) for _ in range(CONNECTIONS)
        ]
        os.kill(before.pid, signal.SIGKILL)
        async with asyncio.timeout(RESTART_SECONDS):
            while cluster.supervisor.status[before.index].pid in (0, before.pid):
                assert await survivor.status(b"shop.test") == 200
        while not cluster.supervisor.status[before.index].serving:
            assert await survivor.status(b"shop.test") == 200

        statuses = await asyncio.gather(*(_status(*connection) for connection in queued))
        assert statuses == [b"HTTP/1.1 200 OK\r\n"] * CONNECTIONS
        assert cluster.supervisor.status[other.index].pid == other.pid
        assert cluster.supervisor.restarts == 1


async def _status(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(b"GET /queued HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n")
    line = await reader.readline()
    writer.close()
    return line


async def test_a_worker_that_hangs_is_replaced(pod: Endpoint) -> None:
    impatient = WorkerSettings(SETTINGS.proxy, heartbeat_interval=0.05, heartbeat_timeout=1.5)
    async with running(1, impatient) as cluster:
        cluster.change(pod)
        await cluster.supervisor.ready()
        (before,) = cluster.supervisor.status

        os.kill(before.pid, signal.SIGSTOP)
        assert await cluster.get("/late") == (200, "/late")
        assert cluster.supervisor.status[0].pid != before.pid


async def test_a_stopped_worker_does_not_hold_up_the_others(pod: Endpoint) -> None:
    async with running(2) as cluster:
        cluster.change(pod)
        await cluster.supervisor.ready()
        slow, fast = cluster.supervisor.status
        os.kill(slow.pid, signal.SIGSTOP)
        for number in range(300):
            cluster.change(pod, Endpoint("127.0.0.1", 1 + number))
            await asyncio.sleep(0)

        await until(lambda: cluster.supervisor.status[fast.index].generation == 301)
        assert cluster.supervisor.status[slow.index].generation == 1

        os.kill(slow.pid, signal.SIGCONT)
        await until(lambda: cluster.supervisor.status[slow.index].generation == 301)
        assert cluster.supervisor.restarts == 0


async def test_counters_survive_the_worker_that_counted(pod: Endpoint) -> None:
    async with running(1) as cluster:
        cluster.change(pod)
        await cluster.supervisor.ready()
        for _ in range(3):
            await cluster.get()
        (before,) = cluster.supervisor.status
        counted = await cluster.supervisor.snapshot()
        os.kill(before.pid, signal.SIGKILL)
        await until(lambda: cluster.supervisor.restarts == 1)
        await cluster.supervisor.ready()
        await cluster.get()
        after = await cluster.supervisor.snapshot()

    assert sum(count for _, count in counted.requests) == 3
    assert sum(count for _, count in after.requests) == 4
    assert after.client_connections == 4


async def test_draining_closes_idle_connections_and_goes_on_serving(pod: Endpoint) -> None:
    async with running(1) as cluster:
        cluster.change(pod)
        await cluster.supervisor.ready()
        async with connect(cluster.port) as idle:
            assert (await idle.get(host=b"shop.test")).status == 200
            cluster.supervisor.drain()
            assert await idle.at_eof()

        answer = await fetch(cluster.port, host=b"shop.test")
        assert (answer.status, answer.value(b"connection")) == (200, b"close")


async def test_who_withdraws_accepts_nobody_and_answers_who_is_there_once_more(
    pod: Endpoint,
) -> None:
    async with running(1) as cluster:
        cluster.change(pod)
        await cluster.supervisor.ready()
        async with connect(cluster.port) as idle, connect(cluster.port) as silent:
            assert (await idle.get(host=b"shop.test")).status == 200
            while (await cluster.supervisor.snapshot()).client_connections < 2:
                pass  # the one that says nothing has to be accepted too
            cluster.supervisor.withdraw()
            await cluster.supervisor.snapshot()  # answered in turn: behind what it was told before
            queued = asyncio.create_task(fetch(cluster.port, host=b"shop.test"))
            for client in (idle, silent):
                answer = await client.get(host=b"shop.test")
                assert (answer.status, answer.value(b"connection")) == (200, b"close")
                assert await client.at_eof()
            assert (await cluster.supervisor.snapshot()).client_connections == 2
        await cluster.supervisor.stop(0)
        with pytest.raises(ConnectionError):
            await queued


async def test_who_withdraws_before_the_first_table_never_listens(pod: Endpoint) -> None:
    async with running(2) as cluster:
        await until(lambda: all(worker.pid for worker in cluster.supervisor.status))
        cluster.supervisor.withdraw()
        cluster.change(pod)
        await cluster.supervisor.ready()

        assert refuses(cluster.port)


async def test_a_replacement_drains_like_the_one_it_replaces(pod: Endpoint) -> None:
    async with running(1) as cluster:
        cluster.change(pod)
        await cluster.supervisor.ready()
        cluster.supervisor.drain()
        os.kill(cluster.supervisor.status[0].pid, signal.SIGKILL)
        await until(lambda: cluster.supervisor.restarts == 1)
        await cluster.supervisor.ready()

        answer = await fetch(cluster.port, host=b"shop.test")
        assert (answer.status, answer.value(b"connection")) == (200, b"close")


async def test_a_worker_that_is_just_being_started_obeys_a_stop(
    pod: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_stopping = asyncio.Event()

    async def open_late(end: socket.socket, received: type[object]) -> object:
        await is_stopping.wait()
        return await open_channel(end, received)

    monkeypatch.setattr("ingressd.workers.worker.open_channel", open_late)
    patient = WorkerSettings(SETTINGS.proxy, heartbeat_interval=0.05, exit_margin=3600.0)
    async with running(2, patient) as cluster:
        cluster.change(pod)
        await until(lambda: all(worker.pid for worker in cluster.supervisor.status))
        stopping = asyncio.create_task(cluster.supervisor.stop(3600))
        await asyncio.sleep(0)
        is_stopping.set()
        await stopping

        assert not any(_is_alive(worker.pid) for worker in cluster.supervisor.status)
        assert cluster.supervisor.restarts == 0


def _is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_a_change_that_cannot_travel_is_made_up_for_by_the_next_one(
    pod: Endpoint, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(2) as cluster:
        supervisor = cluster.supervisor
        cluster.change()
        await supervisor.ready()
        with monkeypatch.context() as narrow:
            narrow.setattr("ingressd.workers.channel.MAX_FRAME", 100)
            cluster.change(pod)
        assert (supervisor.publish_failures, supervisor.served_generation) == (1, 1)
        assert "does not fit a frame of 100" in caplog.text
        assert (await cluster.get())[0] == 503

        supervisor.publish(cluster.tables.with_nothing_new())
        await until(lambda: supervisor.served_generation == 3)
        assert await cluster.get("/made-up-for") == (200, "/made-up-for")
        assert supervisor.restarts == 0


async def test_stopping_finishes_what_is_in_flight(pod: Endpoint, behaviour: Pod) -> None:
    async with running(1) as cluster:
        cluster.change(pod)
        await cluster.supervisor.ready()
        download = asyncio.create_task(cluster.get("/slow"))
        await behaviour.is_halfway.wait()

        stopping = asyncio.create_task(cluster.supervisor.stop(30))
        await until(lambda: refuses(cluster.port))
        assert not stopping.done()
        behaviour.may_go_on.set()

        assert await download == (200, "first last")
        await stopping
        assert cluster.supervisor.restarts == 0


async def test_a_worker_may_use_every_descriptor_that_is_allowed(pod: Endpoint) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
    try:
        async with running(1) as cluster:
            cluster.change(pod)
            await cluster.supervisor.ready()
            (worker,) = cluster.supervisor.status
            limits = resource.prlimit(worker.pid, resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert limits == (hard, hard)
