"""A proxy that can be measured, and the certificate that all of them serve."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from bench.cpu import pinned
from bench.programs import Ports, Running, find_program, free_ports, start
from ingressd.cli.certificates import make_example_certificate

HOST = "bench.example.com"


class Peer(Struct, frozen=True):
    """A proxy: the program it needs, the flag that makes it tell its version, and its settings.

    ``prepare`` writes what is needed into a folder, whose parent holds the certificate, and returns
    the command to start.
    """

    name: str
    program: str
    version_flag: str
    prepare: Callable[[Path, Ports], list[str]]

    @property
    def is_installed(self) -> bool:
        """Whether the program is there."""
        return find_program(self.program) is not None

    @property
    def version(self) -> str:
        """The first line that the installed program says of itself."""
        command = [find_program(self.program) or self.program, self.version_flag]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return (done.stdout or done.stderr).strip().partition("\n")[0]


def start_peer(peer: Peer, folder: Path, backend_port: int, core: int) -> Running:
    """Start a proxy on free ports."""
    http, https, admin = free_ports(3)
    ports = Ports(http=http, https=https, admin=admin, backend=backend_port)
    return start(peer.name, pinned((core,), peer.prepare(folder, ports)), folder, ports)


def write_certificate(folder: Path) -> None:
    """One ECDSA P-256 certificate for everybody: cert.pem, key.pem, both.pem and secret.yaml."""
    made = make_example_certificate([HOST, "127.0.0.1"])
    (folder / "cert.pem").write_bytes(made.certificate)
    (folder / "key.pem").write_bytes(made.private_key)
    (folder / "both.pem").write_bytes(made.certificate + made.private_key)
    (folder / "secret.yaml").write_text(made.secret_manifest("bench"))
