"""What a process lives on runs out: descriptors, room for logs, readers of logs, folders."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import resource
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from support.clients import Client, connect, connected, fetch
from support.descriptors import open_descriptors
from support.pods import Script, answering, named, pod
from support.program import MANIFEST, Launch, Program, running
from support.waiting import until

HOST = "a.test"
WEB = named(b"web")
LONG_PATH = b"/" + b"x" * 8000
"""Makes a line of the access log that is as long as lines get."""

SHORTAGE_SECONDS = 0.5

PROMPTLY = 5.0
"""Seconds in which any answer comes, also on a busy machine; a log is stuck for longer."""


@asynccontextmanager
async def served(
    folder: Path, *arguments: str, script: Script = WEB, **launch: object
) -> AsyncIterator[Program]:
    """The program with one worker in front of a pod that says "web"."""
    manifest = folder / "web.yaml"
    await asyncio.to_thread(manifest.write_text, MANIFEST.format(host=HOST))
    async with pod(script) as backend:
        given = ("--backend", f"web=127.0.0.1:{backend.port}", *arguments)
        launched = Launch(manifest, folder, given, **({"workers": 1} | launch))  # type: ignore[arg-type]
        async with running(launched) as program:
            yield program


async def ask(program: Program, count: int, path: bytes = b"/") -> None:
    """Requests on one connection after the other; each has to be answered, and soon."""
    asked = 0
    while asked < count:
        async with connect(program.http) as client:
            for _ in range(min(500, count - asked)):
                async with asyncio.timeout(PROMPTLY):
                    assert (await client.get(path)).body == b"web"
                asked += 1


# Descriptors.


async def answered(clients: list[Client]) -> list[int]:
    """What each gets for a request."""
    return [(await each.get()).status for each in clients]


async def test_a_small_limit_of_descriptors_bounds_clients_and_drops_none(tmp_path: Path) -> None:
    limited = ("sh", "-c", 'ulimit -n 260 && exec "$@"', "sh")
    async with (
        served(tmp_path, "--no-access-log", wrapper=limited) as program,
        AsyncExitStack() as stack,
    ):
        async with connected(program.http, 30) as first:
            assert await answered(first) == [200] * 30
            rest = await stack.enter_async_context(connected(program.http, 60))
            for client in rest:
                await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
            assert await answered(first[:10]) == [200] * 10

        for client in rest:
            assert (await client.response()).status == 200
            client.writer.close()
        assert program.said.count("cannot accept") == 0


async def test_without_descriptors_it_says_so_once_and_recovers(tmp_path: Path) -> None:
    async with served(tmp_path, "--no-access-log") as program, AsyncExitStack() as stack:
        worker = await program.one_worker()
        await ask(program, 1)
        before = resource.prlimit(worker, resource.RLIMIT_NOFILE)
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (open_descriptors(worker) + 20, before[1]))
        clients = await stack.enter_async_context(connected(program.http, 60))
        for client in clients:
            await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        await until(lambda: "cannot accept connections" in program.said)
        spent = _cpu_seconds(worker)
        assert (await clients[0].response()).body == b"web"
        await asyncio.sleep(SHORTAGE_SECONDS)  # it lasts: nothing may spin meanwhile
        assert _cpu_seconds(worker) - spent < SHORTAGE_SECONDS / 4
        resource.prlimit(worker, resource.RLIMIT_NOFILE, before)

        assert {(await client.response()).status for client in clients[1:]} <= {200, 502}
        assert await answered(clients) == [200] * 60
        await ask(program, 100)
        assert program.said.count("cannot accept connections") == 1


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def test_clients_that_reset_in_the_middle_of_an_answer_leave_nothing_open(
    tmp_path: Path,
) -> None:
    closing = answering(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nweb")
    async with served(tmp_path, "--no-access-log", script=closing) as program:
        worker = await program.one_worker()
        await ask(program, 1)
        before = open_descriptors(worker)
        for _ in range(300):
            async with connect(program.http) as client:
                await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n" * 3)
                client.writer.transport.abort()
        await ask(program, 1)
        await until(lambda: open_descriptors(worker) <= before)


# Logs.


async def test_a_full_device_for_the_access_log_costs_lines_only(tmp_path: Path) -> None:
    async with served(tmp_path, stdout=Path("/dev/full")) as program:
        await ask(program, 300, LONG_PATH)
        lost = 0.0
        while not lost:
            lost = await program.metric("ingressd_lost_log_lines_total", log="access")
        assert program.said.count("the access log cannot be written") == 1
        assert "No space left on device" in program.said


async def test_a_disk_that_was_full_has_every_line_in_the_end(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    async with served(tmp_path, stdout=log) as program:
        worker = await program.one_worker()
        before = resource.prlimit(worker, resource.RLIMIT_FSIZE)
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (16 * 1024, before[1]))
        await ask(program, 200)
        await until(lambda: "the access log cannot be written" in program.said)
        assert log.stat().st_size <= 16 * 1024
        resource.prlimit(worker, resource.RLIMIT_FSIZE, before)

        await until(lambda: log.read_bytes().count(b"\n") == 200)
        assert {json.loads(line)["status"] for line in log.read_text().splitlines()} == {200}
        assert await program.metric("ingressd_lost_log_lines_total", log="access") == 0


@asynccontextmanager
async def reader(folder: Path) -> AsyncIterator[tuple[Path, asyncio.subprocess.Process, Path]]:
    """A pipe that is no file, the process that reads it, and where that puts what it read."""
    pipe, copy = folder / "pipe", folder / "copy"
    os.mkfifo(pipe)
    with copy.open("wb") as output:
        process = await asyncio.create_subprocess_exec("cat", str(pipe), stdout=output)
    try:
        yield pipe, process, copy
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def widen(pipe: Path) -> None:
    """Give it so much room that what has waited is soon read."""
    descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, 1 << 20)
    os.close(descriptor)


async def test_a_reader_of_the_access_log_that_stops_holds_up_nobody(tmp_path: Path) -> None:
    async with (
        reader(tmp_path) as (pipe, process, copy),
        served(tmp_path, stdout=pipe) as program,
    ):
        widen(pipe)
        process.send_signal(signal.SIGSTOP)
        await ask(program, 300, LONG_PATH)
        process.send_signal(signal.SIGCONT)

        await until(lambda: b'"dropped":' in copy.read_bytes())
        lost = await program.metric("ingressd_lost_log_lines_total", log="access")
        lines = [json.loads(line) for line in copy.read_text().splitlines()]
        assert sum(line.get("dropped", 0) for line in lines) == lost
        assert len([line for line in lines if "status" in line]) == 300 - lost


async def test_a_reader_of_the_access_log_that_is_gone_holds_up_nobody(tmp_path: Path) -> None:
    async with (
        reader(tmp_path) as (pipe, process, _),
        served(tmp_path, stdout=pipe) as program,
    ):
        process.kill()
        await process.wait()
        await ask(program, 20)
        await until(lambda: "the access log cannot be written" in program.said)
        while await program.metric("ingressd_lost_log_lines_total", log="access") < 20:
            pass
        assert program.said.count("the access log cannot be written") == 1


class StuckPipe:
    """A pipe for standard error whose reader stops once it has been filled."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        os.set_blocking(self.reading, False)

    def read(self) -> str:
        try:
            return os.read(self.reading, 1 << 20).decode()
        except BlockingIOError:
            return ""

    def fill(self) -> None:
        """Leave no room in it."""
        own = os.open(f"/proc/self/fd/{self.writing}", os.O_WRONLY | os.O_NONBLOCK)
        try:
            while True:
                os.write(own, b".")
        except BlockingIOError:
            os.close(own)

    def close(self) -> None:
        os.close(self.reading)
        os.close(self.writing)


@pytest.mark.parametrize("is_gone", [False, True])
async def test_standard_error_that_nobody_reads_holds_up_nobody(
    tmp_path: Path, is_gone: bool
) -> None:
    manifest = tmp_path / "web.yaml"
    await asyncio.to_thread(manifest.write_text, MANIFEST.format(host=HOST))
    pipe, said = StuckPipe(), ""
    async with pod(named(b"web")) as backend:
        arguments = ("--no-access-log", "--backend", f"web=127.0.0.1:{backend.port}")
        launch = Launch(manifest, tmp_path, arguments, workers=1)
        process = await asyncio.create_subprocess_exec(*launch.command, stderr=pipe.writing)
        try:
            while "ready: HTTP" not in said:
                said += pipe.read()
                await asyncio.sleep(0.01)
            (tmp_path / "stderr").write_text(said)
            program = Program(process, tmp_path / "stderr")
            await program.ready()
            if is_gone:
                os.close(pipe.writing)
                os.close(pipe.reading)
            else:
                pipe.fill()
            for _ in range(2):
                worker = await program.one_worker()
                os.kill(worker, signal.SIGKILL)
                await until(lambda gone=worker: program.workers and gone not in program.workers)
                assert (await fetch(program.http)).body == b"web"
                await ask(program, 20)
            assert await program.page("/readyz") == (200, "ok\n")
            assert await program.stop() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            if not is_gone:
                pipe.close()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&-"])
async def test_standard_streams_that_are_closed_hold_up_nobody(tmp_path: Path, closed: str) -> None:
    wrapper = ("sh", "-c", f'exec "$@" {closed}', "sh")
    async with served(tmp_path, wrapper=wrapper) as program:
        await ask(program, 20)
        assert await program.page("/readyz") == (200, "ok\n")
        assert await program.stop() == 0


# Folders.


async def test_a_folder_of_templates_that_vanishes_costs_nothing(tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "error.txt.j2").write_text("mine: {{ status }}")
    async with served(tmp_path, "--no-access-log", "--templates", str(templates)) as program:
        assert (await fetch(program.http, host=b"no.test")).status == 404
        shutil.rmtree(templates)
        for host, status in ((b"no.test", 404), (b"a.test", 200)):
            assert (await fetch(program.http, host=host)).status == status
        assert (await program.page("/"))[0] == 200
        os.kill(await program.one_worker(), signal.SIGKILL)
        assert (await fetch(program.http, host=b"no.test")).status == 404


READ_ONLY = (
    "unshare", "--mount", "sh", "-c",
    'for each in / /tmp /var/tmp /dev/shm "$HOME"; do '
    'mountpoint -q "$each" && mount -o remount,ro,bind "$each"; done; '
    'if touch /tmp/x 2>/dev/null; then exit 9; fi; exec "$@"', "sh",
)  # fmt: skip


@pytest.mark.skipif(os.geteuid() != 0, reason="making a file system read-only needs root")
async def test_it_needs_no_file_system_that_can_be_written(tmp_path: Path) -> None:
    async with served(tmp_path, "--no-access-log", wrapper=READ_ONLY) as program:
        assert (await fetch(program.http)).body == b"web"
        await asyncio.to_thread((tmp_path / "web.yaml").write_text, MANIFEST.format(host="b.test"))
        while (await fetch(program.http, host=b"b.test")).status != 200:
            pass
        assert (await program.page("/"))[0] == 200
