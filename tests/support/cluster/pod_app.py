"""What runs in every pod: an HTTP server that says which pod it is, and stops like a good one.

The image only gives the name and tag that it answers with. From the container's env:
    VERSION       what X-Version says (default: the image's tag)
    LISTEN_AFTER  seconds from the start until it listens
    READY_AFTER   seconds from the start until /readyz is 200
    LINGER        seconds for which open idle connections are still served after the pod is told to
                  stop (default 0: they are closed at once, as the servers of Go and uvicorn do)

Every answer carries X-Pod, X-Version, and the request's X-Nonce.
    /               "You've hit NAME", or the body where the request has one
    /echo           the request as the pod saw it, as JSON
    /slow?seconds=  the same as /, later (default 0.5)
    /status/CODE    that status
    /ws             a WebSocket that echoes
    /healthz        200
    /readyz         200 or 503; PUT /control/ready with "true" or "false" switches it
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import WSMsgType, web

from support.waiting import until

_BACKLOG = 4096
# A request that was on the wire when the listener closed is in flight too.
_WIRE_SECONDS = 0.02


@dataclass(frozen=True)
class Identity:
    """What a pod knows about itself."""

    namespace: str
    name: str
    address: str
    image: str
    env: Mapping[str, str]

    @property
    def version(self) -> str:
        return self.env.get("VERSION") or self.image.rpartition(":")[2]

    def seconds(self, variable: str) -> float:
        return float(self.env.get(variable) or 0)


class PodApp:
    """One pod's server, on each of its ports."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._server = web.Server(self._handle, access_log=None)
        self._listeners: list[asyncio.Server] = []
        self._ready_from = 0.0
        self._is_ready = True
        self._is_stopping = False

    @property
    def is_ready(self) -> bool:
        return self._is_ready and asyncio.get_running_loop().time() >= self._ready_from

    async def start(self, ports: Sequence[int]) -> None:
        loop = asyncio.get_running_loop()
        self._ready_from = loop.time() + self._identity.seconds("READY_AFTER")
        await asyncio.sleep(self._identity.seconds("LISTEN_AFTER"))
        for port in ports:
            self._listeners.append(
                await loop.create_server(
                    self._server, self._identity.address, port, backlog=_BACKLOG
                )
            )

    async def stop(self, grace: float) -> None:
        """Close the listeners at once, and the rest when what is in flight is answered.

        ``grace`` seconds are the most that this takes.
        """
        self._is_stopping = True
        self.close()
        linger = max(_WIRE_SECONDS, self._identity.seconds("LINGER"))
        try:
            async with asyncio.timeout(min(grace, linger)):
                await until(lambda: not self._server.connections)
        except TimeoutError:
            self._server.pre_shutdown()
        await self._server.shutdown(max(grace, _WIRE_SECONDS))

    def close(self) -> None:
        """Stop listening."""
        for listener in self._listeners:
            listener.close()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/ws":
            return await self._echo_messages(request)
        response = await self._answer(request)
        response.headers["X-Pod"] = self._identity.name
        response.headers["X-Version"] = self._identity.version
        if nonce := request.headers.get("X-Nonce"):
            response.headers["X-Nonce"] = nonce
        if self._is_stopping:
            response.force_close()
        return response

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        body = await request.read()
        if match := re.fullmatch(r"/status/([2-5]\d\d)", request.path):
            return web.Response(status=int(match[1]))
        match request.path:
            case "/healthz":
                return web.Response(text="ok\n")
            case "/readyz":
                return web.Response(status=200 if self.is_ready else 503)
            case "/control/ready":
                self._is_ready = body == b"true"
                return web.Response()
            case "/echo":
                return self._description(request, body)
            case "/slow":
                await asyncio.sleep(float(request.query.get("seconds", "0.5")))
        return web.Response(body=body or f"You've hit {self._identity.name}\n".encode())

    def _description(self, request: web.BaseRequest, body: bytes) -> web.Response:
        return web.json_response(
            {
                "pod": self._identity.name,
                "namespace": self._identity.namespace,
                "image": self._identity.image,
                "client": request.remote,
                "method": request.method,
                "target": request.raw_path,
                "headers": list(request.headers.items()),
                "body": body.decode(errors="replace"),
            }
        )

    async def _echo_messages(self, request: web.BaseRequest) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await socket.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await socket.send_bytes(message.data)
        return socket
