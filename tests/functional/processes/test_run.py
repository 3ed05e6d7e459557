"""``ingressd run`` as a process: ready, live edits, signals, and why it cannot start."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import subprocess
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession
from msgspec import Struct
from support.clients import Client, connect, fetch
from support.pods import Visit, named, pod
from support.processes import PROGRAM, READY, line_with, started, stop
from support.program import MANIFEST
from support.waiting import refuses, until
from support.websockets import ASK, SWITCH, shout

ADMIN = re.compile(r"admin port (\d+)")
LEAVING = re.compile(r"leaving")

STREAMED = '{name: web, annotations: {nginx.ingress.kubernetes.io/proxy-request-buffering: "off"}}'


class Running(Struct, frozen=True):
    process: Process
    http: int
    admin: int

    async def readiness(self) -> tuple[int, str]:
        async with (
            ClientSession() as session,
            session.get(f"http://127.0.0.1:{self.admin}/readyz") as answer,
        ):
            return answer.status, await answer.text()


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    file = tmp_path / "web.yaml"
    file.write_text(MANIFEST.format(host="a.test"))
    return file


def _command(manifest: Path, grace: float, *more: str) -> list[str]:
    return [
        PROGRAM, "run", "--manifests", str(manifest), "--address", "127.0.0.1",
        "--http-port", "0", "--https-port", "0", "--admin-port", "0", "--workers", "2",
        "--shutdown-grace-period", str(grace), "--no-access-log", *more,
    ]  # fmt: skip


@asynccontextmanager
async def running(manifest: Path, backend: int, grace: float = 0) -> AsyncIterator[Running]:
    override = ("--backend", f"web=127.0.0.1:{backend}")
    async with started(_command(manifest, grace, *override)) as process:
        assert process.stderr is not None
        admin = ADMIN.search(await line_with(process.stderr, ADMIN))
        ready = READY.search(await line_with(process.stderr, READY))
        assert admin is not None
        assert ready is not None
        yield Running(process, int(ready[1]), int(admin[1]))


async def test_it_serves_says_so_and_leaves_with_0(manifest: Path) -> None:
    async with pod(named(b"web")) as backend, running(manifest, backend.port) as run:
        assert await run.readiness() == (200, "ok\n")
        assert (await fetch(run.http)).body == b"web"
        assert await stop(run.process) == 0


async def test_an_edit_is_live_without_a_restart(manifest: Path) -> None:
    async with pod(named(b"web")) as backend, running(manifest, backend.port) as run:
        assert (await fetch(run.http, host=b"b.test")).status == 404
        await asyncio.to_thread(manifest.write_text, MANIFEST.format(host="b.test"))
        while (await fetch(run.http, host=b"b.test")).status != 200:
            pass
        assert (await fetch(run.http, host=b"b.test")).body == b"web"


async def test_a_hangup_changes_nothing(manifest: Path) -> None:
    async with pod(named(b"web")) as backend, running(manifest, backend.port) as run:
        run.process.send_signal(signal.SIGHUP)
        assert (await fetch(run.http)).body == b"web"
        assert await run.readiness() == (200, "ok\n")


async def test_sigterm_is_announced_while_requests_are_still_taken(manifest: Path) -> None:
    async with (
        pod(named(b"web")) as backend,
        running(manifest, backend.port, grace=6) as run,
        connect(run.http) as before,
    ):
        assert (await before.get()).body == b"web"
        run.process.send_signal(signal.SIGTERM)
        assert run.process.stderr is not None
        await line_with(run.process.stderr, LEAVING)

        assert await run.readiness() == (503, "shutting down\n")
        assert (await fetch(run.http)).body == b"web"
        assert (await before.get()).body == b"web"
        assert await run.process.wait() == 0


async def test_what_is_in_flight_is_finished(manifest: Path) -> None:
    halfway, go_on = asyncio.Event(), asyncio.Event()

    async def slow(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
        halfway.set()
        await go_on.wait()
        await visit.send(b"half")

    async with pod(slow) as backend, running(manifest, backend.port, grace=6) as run:
        download = asyncio.create_task(fetch(run.http))
        await halfway.wait()
        run.process.send_signal(signal.SIGINT)
        await until(lambda: refuses(run.http))
        go_on.set()

        assert (await download).body == b"halfhalf"
        assert await run.process.wait() == 0


@pytest.fixture
def streaming(manifest: Path) -> Path:
    manifest.write_text(manifest.read_text().replace("{name: web}", STREAMED, 1))
    return manifest


async def test_an_upload_in_flight_is_finished(streaming: Path) -> None:
    async with (
        pod() as backend,
        running(streaming, backend.port, grace=3) as run,
        connect(run.http) as client,
    ):
        await client.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 8\r\n\r\nhalf")
        await backend.arrived.wait()
        run.process.send_signal(signal.SIGTERM)
        await until(lambda: refuses(run.http))
        await client.send(b"half")

        assert (await client.response()).body == b"halfhalf"
        assert await run.process.wait() == 0


async def test_websockets_outlast_requests_and_are_closed_at_the_end(manifest: Path) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def script(visit: Visit) -> None:
        request = await visit.request()
        if request is not None and request.value(b"upgrade"):
            await visit.send(SWITCH)
            await shout(visit)
            return
        asked.set()
        await go_on.wait()
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow")

    async with (
        pod(script) as backend,
        running(manifest, backend.port, grace=3) as run,
        connect(run.http) as socket_,
    ):
        await socket_.send(ASK)
        assert (await socket_.response()).status == 101
        download = asyncio.create_task(fetch(run.http))
        await asked.wait()
        run.process.send_signal(signal.SIGTERM)
        await until(lambda: refuses(run.http))
        assert await run.readiness() == (503, "shutting down\n")
        assert await shouted(socket_, b"no more connections") == b"NO MORE CONNECTIONS"
        go_on.set()

        assert (await download).body == b"slow"
        assert await shouted(socket_, b"nor requests") == b"NOR REQUESTS"
        assert await socket_.at_eof()
        assert await run.process.wait() == 0


async def shouted(socket_: Client, message: bytes) -> bytes:
    """What comes back through an upgraded connection."""
    await socket_.send(message)
    return await socket_.reader.readexactly(len(message))


async def test_a_second_signal_is_obeyed_at_once(manifest: Path) -> None:
    async with pod(named(b"web")) as backend, running(manifest, backend.port, grace=600) as run:
        assert run.process.stderr is not None
        run.process.send_signal(signal.SIGTERM)
        await line_with(run.process.stderr, LEAVING)
        run.process.send_signal(signal.SIGTERM)

        assert await run.process.wait() == 1
        assert refuses(run.http)


def test_a_port_that_is_taken_is_one_clear_line(manifest: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            _command(manifest, 0, "--http-port", str(port)),
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"Error: cannot listen on 127.0.0.1:{port}: address already in use "
        "(another process listens there; stop it or choose another port with --http-port)"
    ]


def test_without_a_source_it_says_what_to_pass() -> None:
    done = subprocess.run([PROGRAM, "run"], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "--manifests PATH" in done.stderr
