"""Processes that die, hang, are told to leave or cannot start, while requests come in."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.clients import Client, connected
from support.downloads import Downloads
from support.load import traffic
from support.pods import Pod, Script, pod
from support.process_tree import is_running
from support.program import MANIFEST, Launch, Program, running
from support.waiting import refuses, until
from support.websockets import ASK

from ingressd.workers.sockets import bind_alone

HOST = "a.test"
DOWNLOADS = 16  # so many that each of two workers has some
MANY_DOWNLOADS, IDLE, TUNNELS = 100, 100, 50
CLIENTS = 6  # of support.load


@asynccontextmanager
async def served(
    folder: Path, script: Script, **launch: object
) -> AsyncIterator[tuple[Program, Pod]]:
    """The program in front of one pod."""
    manifest = folder / "web.yaml"
    await asyncio.to_thread(manifest.write_text, MANIFEST.format(host=HOST))
    async with pod(script) as backend:
        arguments = ("--no-access-log", "--backend", f"web=127.0.0.1:{backend.port}")
        started = Launch(manifest, folder, arguments, **launch)  # type: ignore[arg-type]
        async with running(started) as program:
            yield program, backend


async def test_a_killed_worker_takes_only_its_own_requests_along(tmp_path: Path) -> None:
    downloads = Downloads()
    async with served(tmp_path, downloads.script) as (program, _):
        await downloads.begin(program.http, DOWNLOADS)
        async with traffic(program.http, HOST) as seen:
            await seen.more(50)
            victim, survivor = program.workers
            os.kill(victim, signal.SIGKILL)
            await until(lambda: len(program.workers - {victim, survivor}) == 1)
            await seen.more(200)
        came_whole = await downloads.outcome()

        assert {True, False} == set(came_whole)
        assert len(seen.failures) <= CLIENTS, seen.failures
        assert all("Error" in failure for failure in seen.failures), seen.failures
        assert survivor in program.workers
        assert await program.metric("ingressd_worker_restarts_total") == 1


async def test_workers_finish_and_leave_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    downloads = Downloads()
    async with served(tmp_path, downloads.script) as (program, _):
        await downloads.begin(program.http, DOWNLOADS)
        orphans = program.workers
        program.process.kill()
        await program.process.wait()
        await until(lambda: refuses(program.http) and refuses(program.https))
        assert all(is_running(pid) for pid in orphans)

        assert await downloads.outcome() == [True] * DOWNLOADS
        await until(lambda: not any(is_running(pid) for pid in orphans))
        for port in (program.http, program.https, program.admin):
            for each in bind_alone(("127.0.0.1",), port, "--port"):
                each.close()


async def switched(client: Client) -> int:
    """The status of an upgrade."""
    await client.send(ASK)
    return (await client.response()).status


async def shouted(client: Client) -> bytes:
    """What comes back through a tunnel."""
    await client.send(b"still here")
    return await client.reader.readexactly(10)


async def test_sigterm_under_load_fails_no_request(tmp_path: Path) -> None:
    downloads = Downloads()
    async with (
        served(tmp_path, downloads.script, grace=6) as (program, _),
        connected(program.http, IDLE) as idle,
        connected(program.http, TUNNELS) as tunnels,
    ):
        assert [(await client.get()).status for client in idle] == [200] * IDLE
        assert [await switched(client) for client in tunnels] == [101] * TUNNELS
        await downloads.begin(program.http, MANY_DOWNLOADS)
        async with traffic(program.http, HOST) as seen:
            await seen.more(50)
            program.process.send_signal(signal.SIGTERM)
            await until(lambda: "leaving" in program.said)
            await seen.more(200)
            assert not refuses(program.http)
        await until(lambda: refuses(program.http))

        assert all([await client.at_eof() for client in idle])
        assert [await shouted(client) for client in tunnels] == [b"STILL HERE"] * TUNNELS
        assert await downloads.outcome() == [True] * MANY_DOWNLOADS
        assert seen.failures == []
        assert all([await client.at_eof() for client in tunnels])
        assert await program.process.wait() == 0
        assert "Traceback" not in program.said


@pytest.mark.parametrize("flag", ["--http-port", "--https-port", "--admin-port"])
async def test_a_port_that_is_taken_is_one_line_that_names_the_flag(
    tmp_path: Path, flag: str
) -> None:
    manifest = tmp_path / "web.yaml"
    manifest.write_text(MANIFEST.format(host=HOST))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        launch = Launch(manifest, tmp_path, ("--no-access-log", flag, port))
        process = await asyncio.create_subprocess_exec(
            *launch.command, stderr=asyncio.subprocess.PIPE
        )
        _, said = await process.communicate()

    assert process.returncode == 1
    (line,) = said.decode().splitlines()
    assert line.startswith(f"Error: cannot listen on 127.0.0.1:{port}: address already in use")
    assert flag in line
