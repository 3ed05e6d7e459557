"""Sends one message over a WebSocket and prints what comes back: echo.py URL HOST MESSAGE."""

from __future__ import annotations

import asyncio
import sys

import aiohttp


async def main(url: str, host: str, message: str) -> None:
    """Connect to ``url`` as ``host``, say ``message``, print the answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(url, headers={"Host": host}) as socket,
    ):
        await socket.send_str(message)
        sys.stdout.write(await socket.receive_str() + "\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
