"""The listening addresses: bound once by the supervisor, inherited by workers, kept while it lives.

Every worker has its own SO_REUSEPORT socket per address and port, so the kernel spreads connections
evenly; the supervisor holds them all open, so the queue of a worker that died awaits its successor.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Sequence
from contextlib import ExitStack

from msgspec import Struct

PRIVILEGED_PORTS = 1024

_UNPRIVILEGED = 8000
"""What makes a well-known port one that needs no root, as 8080 of 80 and 8443 of 443."""


class CannotListen(Exception):
    """An address cannot be bound; the message is for the person who started us."""


class Addresses(Struct, frozen=True):
    """Where to listen. ``hosts`` are IP literals; a port of 0 lets the kernel choose one."""

    hosts: tuple[str, ...]
    http_port: int
    https_port: int


class Listeners(Struct, frozen=True):
    """The sockets of one worker, bound and not yet listening."""

    http: tuple[socket.socket, ...]
    https: tuple[socket.socket, ...]

    @property
    def all(self) -> tuple[socket.socket, ...]:
        """Both groups."""
        return self.http + self.https

    def close(self) -> None:
        """Give the addresses back; connections nobody accepted are reset."""
        for listener in self.all:
            listener.close()


def bind_workers(addresses: Addresses, workers: int) -> list[Listeners]:
    """Bind the sockets of each worker. Raises CannotListen; nothing stays bound then."""
    with ExitStack() as undo:
        http = _bind_hosts(
            addresses.hosts, addresses.http_port, workers, flag="--http-port", undo=undo
        )
        https = _bind_hosts(
            addresses.hosts, addresses.https_port, workers, flag="--https-port", undo=undo
        )
        undo.pop_all()
    return [
        Listeners(tuple(group[index] for group in http), tuple(group[index] for group in https))
        for index in range(workers)
    ]


def bind_alone(hosts: Sequence[str], port: int, flag: str) -> list[socket.socket]:
    """A socket on every host that shares its address with nobody.

    Raises CannotListen, which names ``flag``; nothing stays bound then.
    """
    bound: list[socket.socket] = []
    with ExitStack() as undo:
        for host in hosts:
            bound.append(_bind_named(host, port, flag, shared=False))
            undo.callback(bound[-1].close)
            port = port_of(bound[-1])
        undo.pop_all()
    return bound


def port_of(listener: socket.socket) -> int:
    """The port a socket is bound to."""
    return int(listener.getsockname()[1])


def _bind_hosts(
    hosts: Sequence[str], port: int, workers: int, *, flag: str, undo: ExitStack
) -> list[list[socket.socket]]:
    """For every host one group of sockets, a socket for each worker."""
    groups: list[list[socket.socket]] = []
    for host in hosts:
        # SO_REUSEPORT would share the port with another ingressd of the same user without a word,
        # so a socket without it asks first.
        _bind_named(host, port, flag, shared=False).close()
        groups.append([])
        for _ in range(workers):
            one = _bind_named(host, port, flag, shared=True)
            undo.callback(one.close)
            groups[-1].append(one)
            port = port_of(one)
    return groups


def _bind_named(host: str, port: int, flag: str, *, shared: bool) -> socket.socket:
    try:
        return _bind(host, port, shared=shared)
    except OSError as error:
        raise CannotListen(_explain(error, host, port, flag)) from error


def _bind(host: str, port: int, *, shared: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:  # IPv4 clients keep their own form of address
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def _explain(error: OSError, host: str, port: int, flag: str) -> str:
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    reason = os.strerror(error.errno).lower() if error.errno else str(error)
    if error.errno == errno.EACCES and port < PRIVILEGED_PORTS:
        remedy = f"need root or CAP_NET_BIND_SERVICE; try {flag} {_UNPRIVILEGED + port}"
        reason += f" (ports below {PRIVILEGED_PORTS} {remedy})"
    elif error.errno == errno.EADDRINUSE:
        reason += f" (another process listens there; stop it or choose another port with {flag})"
    elif error.errno == errno.EADDRNOTAVAIL:
        reason += " (no interface of this machine has this address; see --address)"
    return f"cannot listen on {shown}: {reason}"
