"""The admin port opens and closes on sockets that stay their owner's."""

from __future__ import annotations

import socket

from aiohttp import web
from support.clients import connect
from support.waiting import refuses

from ingressd.admin.server import AdminPort


async def test_while_it_is_open_it_answers_and_closing_ends_idle_connections() -> None:
    async def ok(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    application = web.Application()
    application.router.add_get("/", ok)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        admin = AdminPort(application, [bound])
        await admin.close()
        assert refuses(port)

        await admin.open()
        async with connect(port) as idle:
            assert (await idle.get()).body == b"ok"
            await admin.close()
            assert await idle.at_eof()
        await admin.close()
        assert refuses(port)
