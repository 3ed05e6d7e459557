"""What passes through a worker does not stay there, however slow the other side is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.clients import connect
from support.pods import OK, Script, Visit, pod
from support.program import MANIFEST, Launch, Program, running

from bench.memory import MIB, memory_of

HOST = "a.test"
FLAT = 8 * MIB
"""Bytes by which a worker may grow at most."""

UPLOAD = 100 * MIB
DOWNLOAD = 1024 * MIB
PIECE = bytes(MIB)
PAUSE = 0.01
"""Seconds that the slow side takes for a piece; the other one would need but a part of it."""


@asynccontextmanager
async def served(folder: Path, script: Script, **annotations: str) -> AsyncIterator[Program]:
    """The program with one worker in front of a pod."""
    named = {f"nginx.ingress.kubernetes.io/{key}": each for key, each in annotations.items()}
    text = MANIFEST.format(host=HOST)
    text = text.replace("{name: web}", f"{{name: web, annotations: {named}}}", 1)
    manifest = folder / "web.yaml"
    await asyncio.to_thread(manifest.write_text, text)
    async with pod(script) as web:
        arguments = ("--no-access-log", "--backend", f"web=127.0.0.1:{web.port}")
        async with running(Launch(manifest, folder, arguments, workers=1)) as program:
            yield program


class Growth:
    """How much a process has grown at most since it was looked at."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # forgets the peak: proc(5)
        self._before = memory_of(pid).rss

    @property
    def peak(self) -> int:
        """In bytes."""
        return memory_of(self._pid).peak - self._before


async def slow_reader(visit: Visit) -> None:
    """A pod that takes bodies piece by piece."""
    while received := await visit.head():
        for _ in range(int(received.value(b"content-length") or 0) // len(PIECE)):
            await visit.reader.readexactly(len(PIECE))
            await asyncio.sleep(PAUSE)
        await visit.send(OK)


@pytest.mark.parametrize("buffering", ["on", "off"])
async def test_an_upload_to_a_slow_pod(tmp_path: Path, buffering: str) -> None:
    annotations = {"proxy-request-buffering": buffering, "proxy-body-size": "0"}
    async with (
        served(tmp_path, slow_reader, **annotations) as program,
        connect(program.http) as client,
    ):
        growth = Growth(await program.one_worker())
        await client.send(b"PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % UPLOAD)
        for _ in range(UPLOAD // len(PIECE)):
            await client.send(PIECE)
        assert (await client.response()).body == b"ok"
        assert growth.peak < FLAT


async def eager_writer(visit: Visit) -> None:
    """A pod that sends as much as it is let."""
    await visit.request()
    await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % DOWNLOAD)
    for _ in range(DOWNLOAD // len(PIECE)):
        await visit.send(PIECE)


async def test_a_download_by_a_slow_client(tmp_path: Path) -> None:
    async with served(tmp_path, eager_writer) as program, connect(program.http) as client:
        growth = Growth(await program.one_worker())
        await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        for _ in range(100):
            await client.reader.readexactly(len(PIECE))
            await asyncio.sleep(PAUSE)
        assert growth.peak < FLAT
