"""The listening addresses: bound once by the supervisor, inherited by workers, kept while it lives;
or bound by another ingressd, whose place this one takes.

Every worker has its own SO_REUSEPORT socket per address and port, so the kernel spreads connections
evenly; the supervisor holds them all open, so the queue of a worker that died awaits its successor.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable, Sequence
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
    """The sockets of one worker: one for each address, more where it has those of a worker that
    there no longer is. They listen from its first table on, or since before where inherited.
    """

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


class Inherited(Struct, frozen=True):
    """All sockets of an ingressd, by what they serve, as another one inherits them."""

    http: tuple[socket.socket, ...] = ()
    https: tuple[socket.socket, ...] = ()
    admin: tuple[socket.socket, ...] = ()

    def close_all_but(self, wanted: Iterable[socket.socket]) -> None:
        """Keep none at which nobody would accept."""
        kept = set(wanted)
        for each in (*self.http, *self.https, *self.admin):
            if each not in kept:
                each.close()


NOTHING_INHERITED = Inherited()


def bind_workers(
    addresses: Addresses, workers: int, inherited: Inherited = NOTHING_INHERITED
) -> list[Listeners]:
    """The sockets of each worker: those ``inherited`` for an address, and new ones for workers that
    get none. Raises CannotListen; none of the new ones stays bound then.
    """
    with ExitStack() as undo:
        http = _Binding("--http-port", inherited.http, undo)
        https = _Binding("--https-port", inherited.https, undo)
        groups = (
            http.on_all(addresses.hosts, addresses.http_port, workers),
            https.on_all(addresses.hosts, addresses.https_port, workers),
        )
        undo.pop_all()
    return [
        Listeners(*(_share(group, index, workers) for group in groups)) for index in range(workers)
    ]


def bind_alone(
    hosts: Sequence[str], port: int, flag: str, inherited: Sequence[socket.socket] = ()
) -> list[socket.socket]:
    """A socket on every host that shares its address with nobody, ``inherited`` where there is one.

    Raises CannotListen, which names ``flag``; none of the new ones stays bound then.
    """
    bound: list[socket.socket] = []
    with ExitStack() as undo:
        for host in hosts:
            found = _those_at(host, port, inherited) or [
                undo.enter_context(_bind_named(host, port, flag, shared=False))
            ]
            bound += found
            port = port_of(found[0])
        undo.pop_all()
    return bound


def port_of(listener: socket.socket) -> int:
    """The port a socket is bound to."""
    return int(listener.getsockname()[1])


class _Binding(Struct, frozen=True):
    """How sockets that workers share are bound; ``undo`` closes the new ones."""

    flag: str
    inherited: tuple[socket.socket, ...]
    undo: ExitStack

    def on_all(self, hosts: Sequence[str], port: int, workers: int) -> list[list[socket.socket]]:
        """For every host one group of sockets, no fewer than there are workers."""
        groups: list[list[socket.socket]] = []
        for host in hosts:
            groups.append(self._on(host, port, workers))
            port = port_of(groups[-1][0])
        return groups

    def _on(self, host: str, port: int, workers: int) -> list[socket.socket]:
        group = _those_at(host, port, self.inherited)
        if not group:
            # SO_REUSEPORT would share the port with another ingressd of the same user without a
            # word, so a socket without it asks first.
            _bind_named(host, port, self.flag, shared=False).close()
        while len(group) < workers:
            port = port_of(group[0]) if group else port
            one = _bind_named(host, port, self.flag, shared=True)
            group.append(self.undo.enter_context(one))
        return group


def _those_at(host: str, port: int, inherited: Iterable[socket.socket]) -> list[socket.socket]:
    """The sockets that are bound to a host, at any port where 0 is asked for."""
    return [each for each in inherited if each.getsockname() == _name(host, port or port_of(each))]


def _name(host: str, port: int) -> tuple[object, ...]:
    """What ``getsockname`` says of a socket bound there."""
    (found, *_) = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
    )
    return found[4]


def _share(
    group: Iterable[Sequence[socket.socket]], index: int, workers: int
) -> tuple[socket.socket, ...]:
    """What one worker gets of the sockets of all hosts, so that each is somebody's."""
    return tuple(each for sockets in group for each in sockets[index::workers])


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
