"""One worker process, told by the test what its supervisor else tells it."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ingressd.proxy.settings import ProxySettings
from ingressd.routing.delta import Delta
from ingressd.workers.channel import Channel, open_channel
from ingressd.workers.messages import Applied, Apply, Measured, Report, Start, Stop
from ingressd.workers.sockets import Addresses, bind_workers

SETTINGS = ProxySettings(affinity_key=b"k" * 32, access_log=False)


@asynccontextmanager
async def worker(folder: Path, *options: str) -> AsyncIterator[tuple[Process, Channel[Report]]]:
    """A worker that serves an empty table, and the supervisor's end of its channel."""
    ours, theirs = socket.socketpair()
    (listeners,) = bind_workers(Addresses(("127.0.0.1",), 0, 0), 1)
    with theirs, (folder / "stderr").open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *options, "-m", "ingressd.workers.process", str(theirs.fileno())),
            stderr=stderr,
            pass_fds=[theirs.fileno(), *(each.fileno() for each in listeners.all)],
        )
    channel = await open_channel(ours, Report)
    try:
        http, https = (tuple(e.fileno() for e in es) for es in (listeners.http, listeners.https))
        await channel.send(Start(SETTINGS, http, https, heartbeat_interval=60))
        await channel.send(Apply(Delta(1, reset=True)))
        while not isinstance(report := await channel.receive(), Applied):
            assert report is not None, "the worker is gone"
        yield process, channel
    finally:
        await channel.close()
        listeners.close()
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_it_imports_no_control_plane_and_ignores_the_groups_signals(tmp_path: Path) -> None:
    async with worker(tmp_path, "-X", "importtime") as (process, channel):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR2):
            process.send_signal(number)
        await channel.send(Stop(1))
        last = None
        while (report := await channel.receive()) is not None:
            last = report
        assert isinstance(last, Measured)
        assert await process.wait() == 0

    lines = (tmp_path / "stderr").read_text().splitlines()
    modules = {line.rpartition("|")[2].strip() for line in lines}
    assert "ingressd.proxy.server" in modules
    banned = {"kubernetes_asyncio", "cryptography", "yaml", "watchfiles", "prometheus_client"}
    banned |= {f"ingressd.{room}" for room in ("resources", "compiler", "sources", "controller")}
    assert modules.isdisjoint(banned)


async def test_without_a_supervisor_it_exits(tmp_path: Path) -> None:
    async with worker(tmp_path) as (process, channel):
        await channel.close()
        assert await process.wait() == 0
