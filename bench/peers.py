"""The proxies that are compared, set up alike, and the backend they all lead to.

Each has one worker, keeps connections to the backend open, adds the same X-Forwarded-* headers,
X-Real-IP and X-Request-ID, streams bodies both ways and writes no access log. ingressd runs a
second time with its access log on.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from bench import peer_settings
from bench.cases import LARGE, MEDIUM, Case
from bench.cpu import pinned
from ingressd.cli.certificates import make_example_certificate


class Ports(Struct, frozen=True):
    """Where one proxy listens, and where the backend does."""

    http: int
    https: int
    admin: int
    backend: int


class Peer(Struct, frozen=True):
    """A proxy that can be measured: the program it needs, and how to write its settings.

    ``prepare`` writes what is needed into a folder and returns the command to start.
    """

    name: str
    program: str
    prepare: Callable[[Path, Ports], list[str]]

    @property
    def is_installed(self) -> bool:
        """Whether the program is there."""
        return find_program(self.program) is not None


class Running(Struct):
    """A started proxy."""

    name: str
    ports: Ports
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """Root of its process tree."""
        return self.process.pid

    def url(self, case: Case) -> str:
        """Where ``case`` is sent."""
        port = self.ports.https if case.tls else self.ports.http
        return f"{case.scheme}://127.0.0.1:{port}{case.path}"

    def stop(self) -> None:
        """End it, by force after five seconds."""
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def find_program(name: str) -> str | None:
    """Path of a program, also where only root's PATH would find it, or None."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def start_backend(folder: Path, port: int, core: int) -> Running:
    """nginx answering 100 bytes on /small, 64 KiB on /medium and 1 MiB on /large."""
    for name, size in (("medium", MEDIUM), ("large", LARGE)):
        (folder / name).write_bytes(b"x" * size)
    ports = Ports(http=port, https=0, admin=0, backend=port)
    settings = folder / "nginx.conf"
    settings.write_text(peer_settings.backend(folder, port))
    return _start("backend", _nginx(folder, settings), folder, ports, core)


def start_peer(peer: Peer, folder: Path, backend_port: int, core: int) -> Running:
    """Start a proxy on free ports."""
    http, https, admin = free_ports(3)
    ports = Ports(http=http, https=https, admin=admin, backend=backend_port)
    return _start(peer.name, peer.prepare(folder, ports), folder, ports, core)


def write_certificate(folder: Path) -> None:
    """One ECDSA P-256 certificate for everybody: cert.pem, key.pem, both.pem and secret.yaml."""
    made = make_example_certificate(["bench.example.com", "127.0.0.1"])
    (folder / "cert.pem").write_bytes(made.certificate)
    (folder / "key.pem").write_bytes(made.private_key)
    (folder / "both.pem").write_bytes(made.certificate + made.private_key)
    (folder / "secret.yaml").write_text(made.secret_manifest("bench"))


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address on which nobody listens now."""
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [holder.getsockname()[1] for holder in holders]
    for holder in holders:
        holder.close()
    return ports


def _start(name: str, command: Sequence[str], folder: Path, ports: Ports, core: int) -> Running:
    with (folder / "output.log").open("wb") as output:
        process = subprocess.Popen(
            pinned(core, list(command)), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    return Running(name, ports, folder, process)


def _nginx(folder: Path, settings: Path) -> list[str]:
    return [find_program("nginx") or "nginx", "-p", str(folder), "-c", str(settings)]


def _prepare_nginx(folder: Path, ports: Ports) -> list[str]:
    settings = folder / "nginx.conf"
    settings.write_text(peer_settings.nginx(folder, ports.http, ports.https, ports.backend))
    return _nginx(folder, settings)


def _prepare_haproxy(folder: Path, ports: Ports) -> list[str]:
    settings = folder / "haproxy.cfg"
    settings.write_text(peer_settings.haproxy(folder, ports.http, ports.https, ports.backend))
    return [find_program("haproxy") or "haproxy", "-f", str(settings)]


def _prepare_caddy(folder: Path, ports: Ports) -> list[str]:
    settings = folder / "Caddyfile"
    settings.write_text(peer_settings.caddy(folder, ports.http, ports.https, ports.backend))
    # One Go processor, as the others have one worker.
    command = [find_program("caddy") or "caddy", "run", "--config", str(settings)]
    return ["env", "GOMAXPROCS=1", f"HOME={folder}", *command, "--adapter", "caddyfile"]


def _prepare_ingressd(folder: Path, ports: Ports, *, log: bool = False) -> list[str]:
    (folder / "manifests").mkdir()
    shutil.copy(folder.parent / "secret.yaml", folder / "manifests")
    (folder / "manifests" / "bench.yaml").write_text(peer_settings.ingress())
    program = str(Path(sys.executable).with_name("ingressd"))
    command = [program, "run", "--workers", "1", "--address", "127.0.0.1"]
    command += ["--manifests", str(folder / "manifests")]
    command += ["--http-port", str(ports.http), "--https-port", str(ports.https)]
    command += ["--admin-port", str(ports.admin), "--default-ssl-certificate", "default/bench"]
    command += ["--backend", f"bench=127.0.0.1:{ports.backend}"]
    return [*command, "--access-log" if log else "--no-access-log"]


def _prepare_logging_ingressd(folder: Path, ports: Ports) -> list[str]:
    return _prepare_ingressd(folder, ports, log=True)


PEERS = (
    Peer("ingressd", sys.executable, _prepare_ingressd),
    Peer("ingressd+log", sys.executable, _prepare_logging_ingressd),
    Peer("nginx", "nginx", _prepare_nginx),
    Peer("haproxy", "haproxy", _prepare_haproxy),
    Peer("caddy", "caddy", _prepare_caddy),
)
