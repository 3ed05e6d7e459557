"""The event loop's own accepting on a bound socket, made so that it can be stopped and resumed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

BACKLOG = 4096
"""Clients that may wait in the kernel: what Linux allows by default (net.core.somaxconn)."""


class LoopServer:
    """Accepts while it is open. The bound socket stays its owner's: a copy of it is closed.

    While closed, clients wait in the kernel's queue, which the bound socket keeps.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol_factory: Callable[[], asyncio.Protocol],
        listening: socket.socket,
    ) -> None:
        self._loop = loop
        self._protocol_factory = protocol_factory
        self._listening = listening
        self._opening: asyncio.Task[None] | None = None
        self._server: asyncio.Server | None = None

    def open(self) -> None:
        """Accept from the next turn of the loop on."""
        if self._opening is None:
            self._opening = self._loop.create_task(self._open())

    def close(self) -> None:
        """Accept no more; what was accepted stays."""
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _open(self) -> None:
        self._server = await self._loop.create_server(
            self._protocol_factory, sock=self._listening.dup(), backlog=BACKLOG
        )
