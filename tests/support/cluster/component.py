"""One program of the control plane as a process with its output in a file."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from support.waiting import until

STOP_SECONDS = 20.0
_TAIL_LINES = 20
# A test run that is killed leaves nothing behind.
_WITH_ITS_PARENT = ("setpriv", "--pdeathsig", "KILL")


class Component:
    """A program that can be started and stopped many times; its log keeps all of it."""

    def __init__(self, name: str, command: Sequence[str], folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = (*_WITH_ITS_PARENT, *command)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Returns when the process is gone; one that does not leave in time is killed."""
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await until(lambda: not self.is_running)
        except TimeoutError:
            self._process.kill()
            self._process.wait()
        self._process = None

    def expect_running(self) -> None:
        """Raises RuntimeError with the end of the log when the process has ended."""
        if not self.is_running:
            lines = self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
            raise RuntimeError("\n".join((f"{self.name} has ended:", *lines)))
