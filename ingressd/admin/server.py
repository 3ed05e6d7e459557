"""The admin port: an aiohttp application that reads and never writes."""

from __future__ import annotations

import socket

from aiohttp import web

from ingressd.admin.api import Api
from ingressd.admin.dashboard import Dashboard
from ingressd.admin.exposition import Moment, expose
from ingressd.admin.view import View

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
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=_SHUTDOWN_TIMEOUT)
    await runner.setup()
    for each in bound:
        await web.SockSite(runner, each).start()
    return runner


async def _harden(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Server"] = "ingressd"
