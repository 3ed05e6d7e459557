"""The admin port: an aiohttp application that reads and never writes."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

from ingressd.admin.api import Api
from ingressd.admin.dashboard import Dashboard
from ingressd.admin.exposition import Moment, expose
from ingressd.admin.view import View

MOST_CONNECTIONS = 256
"""Beyond so many the oldest ones are closed: who probes and scrapes comes anew."""

LONGEST_CONNECTION = 60.0
"""Seconds after which a connection is closed behind its current answer; after as many again,
whatever it does. aiohttp itself lets a client that never asks stay for ever."""

_HARDENED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    "Server": "ingressd",
}

_SWEEP_SECONDS = 1.0
_SHUTDOWN_TIMEOUT = 1.0


class Health:
    """What kubelet, load balancers and Prometheus ask."""

    def __init__(self, view: View) -> None:
        self._view = view

    def routes(self) -> list[web.RouteDef]:
        """Where the handlers stand."""
        return [
            web.get("/healthz", self._alive),
            web.get("/readyz", self._ready),
            web.get("/metrics", self._metrics),
        ]

    async def _alive(self, request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _ready(self, request: web.Request) -> web.Response:
        reason = self._view.state.unready
        return web.Response(text=f"{reason or 'ok'}\n", status=503 if reason else 200)

    async def _metrics(self, request: web.Request) -> web.Response:
        view = self._view
        moment = Moment(await view.snapshot(), view.table, view.findings, view.state)
        body, content_type = expose(moment, request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})


def admin_application(view: View, templates: str = "") -> web.Application:
    """All of the admin port. GET and HEAD only: aiohttp answers 405 to the rest."""
    application = web.Application()
    for part in (Health(view), Api(view), Dashboard(view, templates)):
        application.add_routes(part.routes())
    application.on_response_prepare.append(_harden)
    return application


async def start_admin(application: web.Application, bound: list[socket.socket]) -> web.AppRunner:
    """Serve on sockets that are bound; ``await runner.cleanup()`` ends it."""
    runner = _Runner(application, access_log=None, shutdown_timeout=_SHUTDOWN_TIMEOUT)
    sweeper = _Sweeper(runner)
    application.on_shutdown.append(sweeper.stop)
    await runner.setup()
    sweeper.start()
    for each in bound:
        await web.SockSite(runner, each).start()
    return runner


class AdminPort:
    """An application on its sockets, served while it is open."""

    def __init__(self, application: web.Application, bound: list[socket.socket]) -> None:
        self._application = application
        self._bound = bound
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        """Serve."""
        self._runner = await start_admin(self._application, self._bound)

    async def close(self) -> None:
        """Serve no more, if it does; who is being answered has a second."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()


class _Connection(RequestHandler):
    """Says little of what is no request: not in the log, which anybody could fill, nor in an answer
    what it was read with.
    """

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what cannot be parsed, or failed inside."""
        if isinstance(exc, HttpProcessingError):
            self.logger.debug("no request of HTTP from %s", request.remote)
            answer: web.StreamResponse = web.Response(status=status, text="bad request\n")
            answer.force_close()
        else:
            answer = super().handle_error(request, status, exc, message)
        answer.headers.update(_HARDENED)
        return answer


class _Server(web.Server):
    """Makes such connections."""

    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Runner(web.AppRunner):
    """Runs such a server: aiohttp has no other way to choose."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        settings: dict[str, Any] = self._kwargs
        return _Server(made.request_handler, request_factory=made.request_factory, **settings)


class _Sweeper:
    """Closes connections, so that no client holds the descriptors that the controller lives on."""

    def __init__(self, runner: web.AppRunner) -> None:
        self._runner = runner
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._since: dict[RequestHandler, float] = {}

    def start(self) -> None:
        """Sweep every second."""
        self._timer = self._loop.call_later(_SWEEP_SECONDS, self.start)
        self.sweep()

    async def stop(self, application: web.Application) -> None:
        """Sweep no more."""
        if self._timer is not None:
            self._timer.cancel()

    def sweep(self) -> None:
        """Close what is too old, and the oldest of what is too much."""
        assert self._runner.server is not None
        connections, now = self._runner.server.connections, self._loop.time()
        self._since = {each: self._since.get(each, now) for each in connections}
        for connection, since in self._since.items():
            if now - since > 2 * LONGEST_CONNECTION:
                _cut(connection)
            elif now - since > LONGEST_CONNECTION:
                connection.close()
        for connection in connections[:-MOST_CONNECTIONS]:
            _cut(connection)


def _cut(connection: RequestHandler) -> None:
    transport = connection.transport
    connection.force_close()
    if transport is not None:
        transport.abort()  # to close is to wait for a client that does not read


async def _harden(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HARDENED)
