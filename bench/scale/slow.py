"""What slow clients do to honest ones, and what becomes of them (slowloris)."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from bench.proxies.peer import HOST
from bench.scale.client import UnexpectedAnswer, latencies
from bench.scale.connections import most_connections
from bench.scale.figure import Figure, compared, milliseconds
from bench.scale.slow_clients import Report
from bench.scale.subject import NAMESPACE
from bench.scale.turns import p99_in_turns

PAUSE = 3.0
"""Seconds between two bytes of one client."""

HEAD_TIMEOUT = 10
CLOSING_SECONDS = HEAD_TIMEOUT + 5.0
"""How long after the last has arrived one that is still open was forgotten."""

SETTLING = 1.0
"""Seconds for ingressd to see to so many that have just come, or gone."""

TARGET = "x 2.0"
TIMEOUT = 408
SETTINGS = f"""\
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings, namespace: {NAMESPACE}}}
data: {{client-header-timeout: "{HEAD_TIMEOUT}"}}
"""


class SlowClients:
    """Clients in a process of their own, which sends one byte of each head every few seconds."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def arrived(self) -> None:
        """Wait until each is connected. Raises UnexpectedAnswer when they are not."""
        await self._line()

    async def report(self) -> Report:
        """What became of them, when the last has been closed. Raises UnexpectedAnswer."""
        return msgspec.json.decode(await self._line(), type=Report)

    async def leave(self) -> Report:
        """The same, but at once: those that are still there hang up."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return await self.report()

    async def _line(self) -> bytes:
        assert self._process.stdout is not None
        if not (line := await self._process.stdout.readline()):
            raise UnexpectedAnswer(f"slow clients ended with {await self._process.wait()}")
        return line


@asynccontextmanager
async def slow_clients(port: int, count: int, pause: float = PAUSE) -> AsyncIterator[SlowClients]:
    """So many, all of whom have begun a head; they are gone after the block."""
    module = "bench.scale.slow_clients"
    command = (sys.executable, "-m", module, str(port), str(count), str(pause))
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, start_new_session=True
    )
    try:
        clients = SlowClients(process)
        await clients.arrived()
        yield clients
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def slow_figure(port: int, wanted: int, seconds: float) -> Figure:
    """The p99 of honest clients among slow ones, to that without them."""
    count = most_connections(wanted)
    reports: list[Report] = []

    @asynccontextmanager
    async def attack() -> AsyncIterator[None]:
        async with slow_clients(port, count) as clients:
            await asyncio.sleep(SETTLING)
            yield
            reports.append(await clients.leave())
        await asyncio.sleep(SETTLING)

    calm, attacked = await p99_in_turns(port, seconds, attack)
    shown = f"{compared(calm, attacked, 'among them')}; {crowding(reports)}"
    return Figure(f"p99 of requests among {count} slow clients", shown, TARGET)


async def closing_figure(port: int, wanted: int) -> Figure:
    """How many slow clients got a 408 and when, and the longest that a request took meanwhile."""
    count = most_connections(wanted)
    async with slow_clients(port, count) as clients:
        longest = milliseconds(max(await latencies(port, HOST, CLOSING_SECONDS)))
        report = await clients.leave()
    title = f"slow clients closed with {TIMEOUT}, client-header-timeout {HEAD_TIMEOUT} s"
    return Figure(title, f"{closings(report)}; longest request meanwhile {longest}", "all")


def with_head_timeout(folder: Path) -> list[str]:
    """Flags that make HEAD_TIMEOUT the time for a head, by a ConfigMap in ``folder``."""
    path = folder / "settings.yaml"
    path.write_text(SETTINGS)
    return ["--manifests", str(path), "--configmap", f"{NAMESPACE}/settings"]


def crowding(reports: Sequence[Report]) -> str:
    """How busy slow clients were where they were least so, and whether any was closed."""
    lost = sum(report.count - report.still_open for report in reports)
    rate = f"{min(report.rate for report in reports):.0f} bytes/s of theirs"
    return f"{rate}; {lost} were closed" if lost else rate


def closings(report: Report) -> str:
    """How many were closed as they should be, and after which time."""
    refused = report.statuses.get(TIMEOUT, 0)
    span = f", after {report.shortest:.1f} to {report.longest:.1f} s" if refused else ""
    return f"{refused} of {report.count}{span}"
