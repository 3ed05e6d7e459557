"""Waiting for what no event announces: the state of another process, as seen from outside."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

GLANCE_SECONDS = 0.005


async def until(condition: Callable[[], bool]) -> None:
    """Return as soon as the condition holds; the test's own timeout bounds it."""
    while not condition():  # noqa: ASYNC110 (nothing in this process could set an event)
        await asyncio.sleep(GLANCE_SECONDS)


def refuses(port: int) -> bool:
    """Whether nothing listens on a port of 127.0.0.1."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) != 0
