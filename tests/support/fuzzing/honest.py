"""A client that does nothing wrong, beside those that do."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack

from support.clients import Client, connect

HONEST = b"/honest"


class Honest:
    """A client beside, by a connection that stays as long as it may; over ``tls``, if any."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self._port = port
        self._tls = tls
        self._count = 0
        self._stack = AsyncExitStack()
        self._client: Client | None = None

    async def ask(self) -> str:
        """I6: it gets its own answer; "" if so."""
        if self._client is None:
            self._client = await self._stack.enter_async_context(
                connect(self._port, tls=self._tls, server_name="a.test")
            )
        self._count += 1
        target = b"%b/%d" % (HONEST, self._count)
        try:
            answer = await self._client.get(target)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            return f"no answer for the client beside: {error!r}"
        if answer.value(b"connection") == b"close":
            await self.leave()
        is_own = answer.complete and answer.body.endswith(b"GET %b HTTP/1.1" % target)
        return "" if is_own else f"the client beside got {answer.status} {answer.body[:80]!r}"

    async def leave(self) -> None:
        """Hang up."""
        self._client = None
        await self._stack.aclose()
