"""ingressd as a real process, started like a user does."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct

PROGRAM = str(Path(sys.executable).with_name("ingressd"))
START_SECONDS = 20.0
STOP_SECONDS = 20.0
READY = re.compile(r"ready: HTTP on port (\d+), HTTPS on port (\d+)")


class Served(Struct, frozen=True):
    """A running ``ingressd run`` and the ports it chose."""

    process: Process
    http: int
    https: int


@asynccontextmanager
async def started(command: Sequence[str], cwd: Path | None = None) -> AsyncIterator[Process]:
    """A process with its output in pipes; killed when the block is left, if it still runs."""
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, cwd=cwd)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@asynccontextmanager
async def serving(arguments: Sequence[str], cwd: Path | None = None) -> AsyncIterator[Served]:
    """``ingressd run`` with ``arguments`` on free ports, once it is ready; stopped with SIGTERM."""
    fixed = ["--address", "127.0.0.1", "--workers", "1", "--shutdown-grace-period", "0"]
    ports = ["--http-port", "0", "--https-port", "0", "--admin-port", "0"]
    command = [PROGRAM, "run", *arguments, *fixed, *ports, "--no-access-log"]
    async with started(command, cwd) as process:
        assert process.stderr is not None
        line = await line_with(process.stderr, READY)
        http, https = READY.search(line).groups()  # type: ignore[union-attr]
        yield Served(process, int(http), int(https))
        await stop(process)


async def line_with(stream: asyncio.StreamReader, wanted: re.Pattern[str]) -> str:
    """The first line in which ``wanted`` is found; fails with all that was read when none comes."""
    seen: list[str] = []
    async with asyncio.timeout(START_SECONDS):
        while line := (await stream.readline()).decode():
            seen.append(line)
            if wanted.search(line):
                return line
    raise AssertionError(f"no line has {wanted.pattern!r}:\n{''.join(seen)}")


async def stop(process: Process, number: signal.Signals = signal.SIGTERM) -> int:
    """Ask the process to end and return its exit code."""
    process.send_signal(number)
    async with asyncio.timeout(STOP_SECONDS):
        await process.communicate()
    assert process.returncode is not None
    return process.returncode
