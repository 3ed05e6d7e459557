"""Clients take all the memory that a worker may have: others are refused, and nobody is cut."""

from __future__ import annotations

import asyncio
import os
import resource
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from support.clients import Client, Response, connect, fetch
from support.pods import OK, answering, pod
from support.program import MANIFEST, Launch, Program, running
from support.waiting import until

HOST = "a.test"
MIB = 1 << 20
LIMIT = 112 * MIB
HOGS = 14
HANDSHAKES = 150
WHOLE, SENT = 8 * MIB, 5 * MIB
"""Of the body of each hog; what has come waits in memory for the rest."""

UPLOAD = b"POST /upload HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % WHOLE
ANNOTATIONS = (
    "{nginx.ingress.kubernetes.io/proxy-body-size: '0', "
    "nginx.ingress.kubernetes.io/client-body-buffer-size: 8m}"
)


@asynccontextmanager
async def served(folder: Path, *arguments: str, **launch: object) -> AsyncIterator[Program]:
    """The program with one worker, in front of a pod whose uploads wait in memory."""
    text = MANIFEST.format(host=HOST)
    text = text.replace("{name: web}", f"{{name: web, annotations: {ANNOTATIONS}}}", 1)
    manifest = folder / "web.yaml"
    await asyncio.to_thread(manifest.write_text, text)
    async with pod(answering(OK)) as backend:
        given = ("--no-access-log", "--backend", f"web=127.0.0.1:{backend.port}", *arguments)
        launched = Launch(manifest, folder, given, workers=1, **launch)  # type: ignore[arg-type]
        async with running(launched) as program:
            yield program


class Hogs:
    """Clients that have sent most of a body."""

    def __init__(self, clients: list[Client]) -> None:
        self._clients = clients

    async def fill(self) -> None:
        """Send so much that nothing but memory can hold it."""
        for client in self._clients:
            client.writer.write(UPLOAD + b"x" * SENT)
        await asyncio.gather(*(c.writer.drain() for c in self._clients), return_exceptions=True)

    async def finish(self) -> list[Response]:
        """Send the rest; the answers."""
        for client in self._clients:
            client.writer.write(b"x" * (WHOLE - SENT))
        return await asyncio.gather(*(client.response() for client in self._clients))


@asynccontextmanager
async def hogs(port: int, count: int = HOGS) -> AsyncIterator[Hogs]:
    async with AsyncExitStack() as open_:
        yield Hogs([await open_.enter_async_context(connect(port)) for _ in range(count)])


def address_space(pid: int) -> int:
    """Bytes that a process has mapped."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()


async def is_served(program: Program) -> bool:
    """Whether a request is answered as it should be; others may be refused or end."""
    try:
        return (await fetch(program.http)).body == b"ok"
    except (ConnectionError, asyncio.IncompleteReadError):
        return False


async def test_requests_are_refused_while_memory_runs_out_and_none_is_cut(tmp_path: Path) -> None:
    async with (
        served(tmp_path, "--worker-memory-limit", "112m") as program,
        connect(program.http) as idle,
        hogs(program.http) as some,
    ):
        worker = await program.one_worker()
        assert await program.metric("ingressd_worker_memory_limit_bytes", worker="0") == LIMIT
        assert (await idle.get()).status == 200
        await some.fill()

        await until(lambda: "memory runs out" in program.said)
        refusal = await fetch(program.http)
        assert refusal.status == 503
        assert (refusal.value(b"connection"), refusal.value(b"retry-after")) == (b"close", b"1")
        assert await idle.at_eof(), "who waits for nothing makes room"
        assert await program.page("/readyz") == (200, "ok\n")

        assert [response.status for response in await some.finish()] == [200] * HOGS
        await until(lambda: "memory suffices again" in program.said)
        assert (await fetch(program.http)).status == 200
        assert await program.one_worker() == worker
        assert program.said.count("memory runs out") == 1
        assert "for itself" not in program.said, "all that was in use was the clients'"
        assert await program.metric("ingressd_shed_requests_total") > 0


async def test_without_memory_connections_end_and_the_worker_lives(tmp_path: Path) -> None:
    async with served(tmp_path) as program:
        worker = await program.one_worker()
        most = address_space(worker) + 32 * MIB
        resource.prlimit(worker, resource.RLIMIT_AS, (most, most))
        async with hogs(program.http) as some:
            await some.fill()
            await until(lambda: "memory could not be had" in program.said)
        while not await is_served(program):
            pass
        assert await program.one_worker() == worker
        assert "Traceback" not in program.said


async def test_handshakes_without_memory_end_and_the_worker_lives(tmp_path: Path) -> None:
    """There OpenSSL has none either, of which CPython's ``ssl`` dies."""
    async with served(tmp_path) as program:
        worker = await program.one_worker()
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        most = address_space(worker) + 24 * MIB
        resource.prlimit(worker, resource.RLIMIT_AS, (most, most))
        async with AsyncExitStack() as some:
            ends = await asyncio.gather(
                *(
                    some.enter_async_context(connect(program.https, tls=trusting))
                    for _ in range(HANDSHAKES)
                ),
                return_exceptions=True,
            )
            assert any(isinstance(end, OSError) for end in ends)
            assert await program.one_worker() == worker
        while not await is_served(program):
            pass
        assert await program.one_worker() == worker


FAKED = (
    "unshare", "--mount", "sh", "-c",
    'mount --bind "$0" /sys/fs/cgroup && exec "$@"',
)  # fmt: skip


@pytest.mark.skipif(os.geteuid() != 0, reason="putting files in the place of others needs root")
async def test_the_limit_of_the_container_is_found_out(tmp_path: Path) -> None:
    groups = tmp_path / "cgroup"
    (groups / "memory").mkdir(parents=True)
    (groups / "memory.max").write_text(f"{1024 * MIB}\n")
    (groups / "memory" / "memory.limit_in_bytes").write_text(f"{1024 * MIB}\n")
    async with served(tmp_path, wrapper=(*FAKED, str(groups))) as program:
        assert "may take 768 MiB" in program.said
        limit = await program.metric("ingressd_worker_memory_limit_bytes", worker="0")
        assert limit == 768 * MIB
