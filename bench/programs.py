"""Programs that a benchmark starts: where they are, on which ports, and their end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

LOG_NAME = "output.log"
_LAST_WORDS = 2000


class Ports(Struct, frozen=True):
    """Where one proxy listens, and where the backend does."""

    http: int
    https: int
    admin: int
    backend: int


class Running(Struct):
    """A program that was started in its own folder."""

    name: str
    ports: Ports
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """Root of its process tree."""
        return self.process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended by itself."""
        return self.process.poll() is None

    @property
    def last_words(self) -> str:
        """The end of what it printed."""
        return (self.folder / LOG_NAME).read_text(errors="replace")[-_LAST_WORDS:]

    def forget_output(self) -> None:
        """Empty the file with what it printed: an access log would fill the disk."""
        os.truncate(self.folder / LOG_NAME, 0)

    def stop(self) -> None:
        """End it; after five seconds by force, with all that it started."""
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self.process.wait()


def start(name: str, command: Sequence[str], folder: Path, ports: Ports) -> Running:
    """Start a command; what it prints goes to a file in ``folder``.

    In a session of its own, so that Ctrl-C reaches us alone, and we end it.
    """
    with (folder / LOG_NAME).open("ab") as output:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    return Running(name, ports, folder, process)


def end_like_ctrl_c() -> None:
    """SIGTERM and SIGHUP raise KeyboardInterrupt, too: nothing that was started is left behind."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


def find_program(name: str) -> str | None:
    """Path of a program, also where only root's PATH would find it, or None."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def missing_programs(*names: str) -> list[str]:
    """Those that are not installed."""
    return [name for name in names if not find_program(name)]


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address on which nobody listens now."""
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [holder.getsockname()[1] for holder in holders]
    for holder in holders:
        holder.close()
    return ports


def subfolder(folder: Path, name: str) -> Path:
    """A new folder within another one."""
    path = folder / name
    path.mkdir()
    return path
