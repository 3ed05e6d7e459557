"""Demo pods: small servers on loopback that say which of them was hit, as the book's kubia does.

``ingressd demo`` runs three in its own process. For the examples they also run alone:
``python -m ingressd.cli.kubia NAME=PORT...``. Nothing here is used to serve anybody's traffic.
"""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from aiohttp import WSMsgType, web
from msgspec import Struct

LOOPBACK = "127.0.0.1"
BLOCK = b"kubia" * 13_107  # about 64 KiB
LONGEST_PAUSE = 3600.0  # seconds that /slow may be asked for
USAGE = "usage: python -m ingressd.cli.kubia NAME=PORT [NAME=PORT ...]"

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Pod(Struct, frozen=True):
    """A running demo pod and the loopback port it listens on."""

    name: str
    port: int


@asynccontextmanager
async def running_pods(ports: Mapping[str, int]) -> AsyncIterator[tuple[Pod, ...]]:
    """Serve a pod for each name on its port (0: any free one) until the block is left.

    Raises OSError when a port is taken.
    """
    runners: list[web.ServerRunner] = []
    try:
        pods = [await _start(name, port, runners) for name, port in ports.items()]
        yield tuple(pods)
    finally:
        await asyncio.gather(*(runner.cleanup() for runner in runners))


async def _start(name: str, port: int, runners: list[web.ServerRunner]) -> Pod:
    server = web.Server(_answer_as(name), access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=1.0)
    runners.append(runner)
    await runner.setup()
    site = web.TCPSite(runner, LOOPBACK, port)
    await site.start()
    return Pod(name, int(runner.addresses[0][1]))


def _answer_as(name: str) -> Answer:
    """The whole pod. The last element of the path chooses, so that it works behind any prefix."""
    answers: dict[str, Answer] = {
        "headers": _echo_head,
        "ws": _echo_messages,
        "slow": _pause,
        "bytes": _stream,
    }

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        special = answers.get(request.path.rpartition("/")[2])
        if special is not None:
            return await special(request)
        return web.Response(text=f"You've hit {name}\n")

    return answer


async def _echo_head(request: web.BaseRequest) -> web.StreamResponse:
    """The request line and headers as they arrived."""
    lines = [f"{request.method} {request.raw_path}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return web.Response(text="\n".join(lines) + "\n")


async def _echo_messages(request: web.BaseRequest) -> web.StreamResponse:
    """A WebSocket that sends each message back."""
    socket = web.WebSocketResponse()
    if not socket.can_prepare(request):
        return web.Response(status=426, headers={"Upgrade": "websocket"}, text="WebSocket only\n")
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket


async def _pause(request: web.BaseRequest) -> web.StreamResponse:
    """``?seconds=``: answer late."""
    wanted = request.query.get("seconds", "1")
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", wanted):
        return web.Response(status=400, text="seconds must be a number\n")
    seconds = min(float(wanted), LONGEST_PAUSE)
    await asyncio.sleep(seconds)
    return web.Response(text=f"waited {seconds:g} s\n")


async def _stream(request: web.BaseRequest) -> web.StreamResponse:
    """``?count=``: that many bytes."""
    wanted = request.query.get("count", "1024")
    if not re.fullmatch(r"\d{1,15}", wanted):
        return web.Response(status=400, text="count must be a number\n")
    response = web.StreamResponse()
    response.content_type = "application/octet-stream"
    response.content_length = left = int(wanted)
    await response.prepare(request)
    while left:
        block = BLOCK[:left]
        await response.write(block)
        left -= len(block)
    return response


def parse_pods(words: list[str]) -> dict[str, int]:
    """Ports by name, from ``NAME=PORT`` words. Raises ValueError with the usage."""
    pods: dict[str, int] = {}
    for word in words:
        match = re.fullmatch(r"([a-z0-9-]+)=([0-9]{1,5})", word)
        if match is None or int(match[2]) > 65535 or match[1] in pods:
            raise ValueError(f"{word}: not a NAME=PORT with a new name\n{USAGE}")
        pods[match[1]] = int(match[2])
    if not pods:
        raise ValueError(USAGE)
    return pods


async def _serve_until_stopped(ports: Mapping[str, int]) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with running_pods(ports) as pods:
        for pod in pods:
            print(f"{pod.name} listens on {LOOPBACK}:{pod.port}", flush=True)
        await stopped.wait()


def main() -> None:
    """Run the pods that the command line names until SIGINT or SIGTERM."""
    try:
        asyncio.run(_serve_until_stopped(parse_pods(sys.argv[1:])))
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
