"""Waiting for what the API server will tell, with a deadline and a reason when it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from support.cluster.api import ApiError

T = TypeVar("T")

_PAUSE_SECONDS = 0.01


async def eventually(
    ask: Callable[[], Awaitable[T]],
    holds: Callable[[T], object] = bool,
    *,
    seconds: float = 30,
) -> T:
    """The first answer for which ``holds`` is true; AssertionError with the last one otherwise.

    An answer of 404 is one that does not hold.
    """
    last: object = None
    try:
        async with asyncio.timeout(seconds):
            while True:
                try:
                    answer = await ask()
                    if holds(answer):
                        return answer
                    last = answer
                except ApiError as error:
                    if error.status != 404:
                        raise
                    last = error
                await asyncio.sleep(_PAUSE_SECONDS)
    except TimeoutError:
        raise AssertionError(f"still so after {seconds} s: {last!r}") from None
