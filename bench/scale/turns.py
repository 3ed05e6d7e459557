"""What something does to requests that it does not concern: windows without and with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from bench.proxies.peer import HOST
from bench.scale.client import latencies
from bench.scale.figure import percentile

ROUNDS = 5


async def p99_in_turns(
    port: int, seconds: float, trouble: Callable[[], AbstractAsyncContextManager[object]]
) -> tuple[list[float], list[float]]:
    """The p99 of each calm window and of each with trouble, in seconds.

    They take turns, so that whatever else the machine does meets both alike.
    """
    calm: list[float] = []
    troubled: list[float] = []
    for _ in range(ROUNDS):
        calm.append(await _p99(port, seconds))
        async with trouble():
            troubled.append(await _p99(port, seconds))
    return calm, troubled


async def _p99(port: int, seconds: float) -> float:
    return percentile(await latencies(port, HOST, seconds), 0.99)
