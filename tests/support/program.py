"""``ingressd run`` as a process with parts: its workers, its ports, what it said, what it holds."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import ClientSession
from prometheus_client.parser import text_string_to_metric_families

from support.process_tree import children
from support.processes import PROGRAM
from support.waiting import until

START_SECONDS = 20.0

MANIFEST = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: web}}
spec:
  rules:
  - host: {host}
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {{service: {{name: web, port: {{number: 80}}}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec: {{ports: [{{port: 80}}]}}
"""


@dataclass
class Launch:
    """How to start it, with ``flag`` on ``source``. ``wrapper`` is a command that runs it.

    ``folder`` is where standard error goes; ``stdout`` is appended to, as a shell's ``>>`` does;
    ``patience`` is how many seconds it may take until it serves.
    """

    source: Path
    folder: Path
    arguments: tuple[str, ...] = ("--no-access-log",)
    workers: int = 2
    grace: float = 0
    flag: str = "--manifests"
    wrapper: tuple[str, ...] = ()
    stdout: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    patience: float = START_SECONDS

    @property
    def command(self) -> list[str]:
        return [
            *self.wrapper, PROGRAM, "run", self.flag, str(self.source),
            "--address", "127.0.0.1", "--workers", str(self.workers),
            "--http-port", "0", "--https-port", "0", "--admin-port", "0",
            "--shutdown-grace-period", str(self.grace), *self.arguments,
        ]  # fmt: skip


class Program:
    """A running program; what it says on standard error is in a file."""

    def __init__(self, process: asyncio.subprocess.Process, stderr: Path) -> None:
        self.process = process
        self._stderr = stderr
        self.http, self.https, self.admin = 0, 0, 0

    @property
    def said(self) -> str:
        """All of standard error so far."""
        return self._stderr.read_text()

    @property
    def workers(self) -> set[int]:
        """Pids of the workers there are."""
        return children(self.process.pid)

    async def one_worker(self) -> int:
        """The pid of the only worker, once there is one."""
        await until(lambda: len(self.workers) == 1)
        (pid,) = self.workers
        return pid

    async def ready(self, patience: float = START_SECONDS) -> None:
        """Wait until it serves, and learn its ports."""
        async with asyncio.timeout(patience):
            await until(lambda: "ready: HTTP" in self.said or self.process.returncode is not None)
        assert self.process.returncode is None, self.said
        self.admin = _number_behind(self.said, "admin port ")
        self.http = _number_behind(self.said, "HTTP on port ")
        self.https = _number_behind(self.said, "HTTPS on port ")

    async def page(self, path: str) -> tuple[int, str]:
        """Status and text of a page of the admin port."""
        url = f"http://127.0.0.1:{self.admin}{path}"
        async with ClientSession() as session, session.get(url) as answer:
            return answer.status, await answer.text()

    async def metric(self, name: str, **labels: str) -> float:
        """The value of one sample."""
        samples = await self.samples(name)
        for found, value in samples:
            if found == labels:
                return value
        raise AssertionError(f"no {name} with {labels} in {samples}")

    async def samples(self, name: str) -> list[tuple[dict[str, str], float]]:
        """Labels and values of all samples of a name."""
        _, text = await self.page("/metrics")
        families = text_string_to_metric_families(text)
        found = (sample for family in families for sample in family.samples)
        return [(each.labels, float(each.value)) for each in found if each.name == name]

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to leave and return its exit code."""
        self.process.send_signal(number)
        return await self.process.wait()


@asynccontextmanager
async def running(launch: Launch) -> AsyncIterator[Program]:
    """The program, once it serves; it and all that it started are killed at the end, if they still
    run: they are a session of their own.
    """
    stderr = launch.folder / "stderr"
    environment = {**os.environ, **launch.environment}
    with stderr.open("ab") as errors, (launch.stdout or Path(os.devnull)).open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *launch.command, stdout=output, stderr=errors, env=environment, start_new_session=True
        )
    program = Program(process, stderr)
    try:
        await program.ready(launch.patience)
        yield program
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _number_behind(text: str, words: str) -> int:
    digits = text.partition(words)[2]
    return int(digits[: len(digits) - len(digits.lstrip("0123456789"))])
