"""All client connections of a worker: aiohttp's server, set up for a proxy."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from heapq import nlargest
from operator import attrgetter
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpRequestParser, RawRequestMessage
from aiohttp.web_protocol import MAX_MSG_QUEUE_SIZE, RequestHandler, RequestPayloadError

from ingressd.proxy.client.client_address import Trust
from ingressd.proxy.client.connection import ClientConnection, Responder
from ingressd.proxy.client.proxy_protocol import ProxyHeader
from ingressd.proxy.client.request import Request
from ingressd.proxy.clock import Clock
from ingressd.proxy.headers import Split, split_request, split_underscored
from ingressd.proxy.observing.metrics import Metrics
from ingressd.proxy.settings import ProxySettings
from ingressd.routing.global_policy import DEFAULT_GLOBAL_POLICY, GlobalPolicy, Limits

READ_BUFFER = 64 * 1024
"""Bytes of a body that may wait in memory before the client is held back (twice this at most)."""

LINGERING_TIME = 2.0
"""Seconds for which the rest of an unread body is swallowed, so that the client sees the answer."""

GLANCE = 0.5
"""Seconds after which a connection that came last and asked for nothing is found to be idle."""

CUT_OFF = 0.01
"""Seconds that aiohttp waits for handlers when we no longer do; it takes 0 for "for ever"."""


class Front(web.Server):
    """The server of all client connections of this worker.

    ``global_policy`` is that of connections to come.
    """

    def __init__(
        self,
        responder: Responder,
        settings: ProxySettings,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        if HttpRequestParser.__module__ != "aiohttp._http_parser":
            raise RuntimeError(
                "aiohttp runs with its Python parser, which accepts malformed requests; "
                "install a build with C extensions and unset AIOHTTP_NO_EXTENSIONS"
            )
        super().__init__(
            responder,  # type: ignore[arg-type]
            request_factory=next_request,  # type: ignore[arg-type]
            handler_cancellation=True,
            loop=clock.loop,
        )
        self._one_left = asyncio.Event()
        self.clock = clock
        self.loop = clock.loop
        self.responder = responder
        self.settings = settings
        self.metrics = metrics
        self.adopt(DEFAULT_GLOBAL_POLICY)

    def adopt(self, policy: GlobalPolicy) -> None:
        """Use another policy from the next connection on."""
        self.global_policy = policy
        self.split: Split = split_underscored if policy.underscored_fields else split_request
        self.trust = Trust(policy.client_address, self.settings.http_port)
        self._serving: dict[str, Any] = {
            "access_log": None,
            "keepalive_timeout": policy.limits.keep_alive,
            "lingering_time": LINGERING_TIME,
            "read_bufsize": READ_BUFFER,
            **_parsing(policy.limits),
        }

    def connection(
        self, scheme: str, server_name: str | None = None, header: ProxyHeader | None = None
    ) -> ClientConnection:
        """A protocol for one accepted connection; ``header`` is what a load balancer said of it."""
        return ClientConnection(self, scheme, server_name, header, **self._serving)

    def parser(self, connection: ClientConnection) -> Any:
        """A parser like the one that aiohttp makes for a new connection."""
        return HttpRequestParser(
            connection,
            self.loop,
            READ_BUFFER,
            payload_exception=RequestPayloadError,
            max_msg_queue_size=MAX_MSG_QUEUE_SIZE,
            **_parsing(connection.limits),
        )

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """One less to wait for (aiohttp's hook)."""
        super().connection_lost(handler, exc)
        task = handler._task_handler
        if task is None:
            self._one_left.set()
        else:  # it counts until its task is done
            task.add_done_callback(lambda _: self._one_left.set())

    async def finish(self, grace: float) -> None:
        """Wait ``grace`` seconds at most until every connection has ended, then end the rest.

        Not with aiohttp's own shutdown: from its first moment it ignores what clients still send,
        and so cuts uploads and tunnels short.
        """
        deadline = self.loop.time() + grace
        while self._connections and (left := deadline - self.loop.time()) > 0:
            self.close_idle()
            self._one_left.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, GLANCE)):
                    await self._one_left.wait()
        for connection in self.client_connections():
            connection.close_tunnel()
        await asyncio.sleep(0)
        await self.shutdown(CUT_OFF)

    def close_idle(self) -> None:
        """Close the connections that wait for a request."""
        for connection in self.client_connections():
            if connection.is_idle:
                connection.force_close()

    def close_longest_idle(self, most: int, patience: float) -> None:
        """Close so many of the connections that have waited for another request for ``patience``
        seconds: who waits longest, first."""
        waiting = [
            one for one in self.client_connections() if one.is_idle and one.idle_for >= patience
        ]
        for connection in nlargest(most, waiting, key=attrgetter("idle_for")):
            connection.force_close()

    def busy_connections(self) -> list[ClientConnection]:
        """Those that hold a request, a part of one, or an answer."""
        return [
            one
            for one in self.client_connections()
            if one.request is not None or not (one.is_idle or one.is_refused)
        ]

    def client_connections(self) -> list[ClientConnection]:
        """Every open connection."""
        return [item for item in self.connections if isinstance(item, ClientConnection)]


def _parsing(limits: Limits) -> dict[str, Any]:
    """What aiohttp's parser is told."""
    return {
        "auto_decompress": False,
        "max_line_size": limits.request_line,
        "max_field_size": limits.header_field,
        "max_headers": limits.header_count,
    }


def next_request(
    message: RawRequestMessage,
    payload: StreamReader,
    connection: ClientConnection,
    writer: AbstractStreamWriter,
    task: asyncio.Task[None],
) -> Request:
    """The request that aiohttp's task goes on with (its request factory)."""
    begun, connection.begun = connection.begun, None
    return begun or Request(message, payload, connection)
