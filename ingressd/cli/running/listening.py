"""All the sockets of the program: bound anew, or inherited from the process that it replaces."""

from __future__ import annotations

import socket
from contextlib import ExitStack

from msgspec import Struct

from ingressd.workers.sockets import (
    Addresses,
    Inherited,
    Listeners,
    bind_alone,
    bind_workers,
    port_of,
)


class Bound(Struct, frozen=True):
    """The ports that are served, which matter where 0 was asked for."""

    http: int
    https: int
    admin: int


class Sockets(Struct, frozen=True):
    """All that this program listens on."""

    workers: list[Listeners]
    admin: list[socket.socket]

    @property
    def ports(self) -> Bound:
        """Where it does."""
        http, https = self.workers[0].http[0], self.workers[0].https[0]
        return Bound(http=port_of(http), https=port_of(https), admin=port_of(self.admin[0]))

    @property
    def to_inherit(self) -> Inherited:
        """What a process that takes over inherits."""
        return Inherited(
            http=tuple(each for worker in self.workers for each in worker.http),
            https=tuple(each for worker in self.workers for each in worker.https),
            admin=tuple(self.admin),
        )


def bind_all(
    addresses: Addresses,
    admin_port: int,
    workers: int,
    *,
    inherited: Inherited,
    undo: ExitStack,
) -> Sockets:
    """Adopt what is ``inherited`` and bind what is missing; ``undo`` closes all of it.

    Raises CannotListen.
    """
    listeners = bind_workers(addresses, workers, inherited)
    for each in listeners:
        undo.callback(each.close)
    admin = bind_alone(addresses.hosts, admin_port, "--admin-port", inherited.admin)
    for socket_ in admin:
        undo.callback(socket_.close)
    inherited.close_all_but([*admin, *(each for worker in listeners for each in worker.all)])
    return Sockets(listeners, admin)
