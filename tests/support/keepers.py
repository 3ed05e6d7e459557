"""Who owns a pod's connection, in tests."""

from __future__ import annotations

from ingressd.proxy.upstream.connection import UpstreamConnection


class Keeper:
    """Writes down what becomes of connections."""

    def __init__(self) -> None:
        self.free: list[UpstreamConnection] = []
        self.lost: list[UpstreamConnection] = []
        self.warnings = 0

    def keep(self, connection: UpstreamConnection) -> None:
        self.free.append(connection)

    def forget(self, connection: UpstreamConnection) -> None:
        self.lost.append(connection)

    def beware(self) -> None:
        self.warnings += 1
