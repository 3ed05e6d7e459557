"""The copies that are under way: few at a time, and what becomes of them is nobody's concern."""

from __future__ import annotations

import asyncio
import logging

import aiohttp

from ingressd.proxy.inquiry.courier import Courier
from ingressd.proxy.mirroring.copying import Copy
from ingressd.proxy.observing.metrics import Metrics
from ingressd.routing.policy import Timeouts

MOST = 64
"""Copies under way at a time; those beyond are dropped."""

TELL_EVERY = 1.0  # seconds between two lines in the log

_LOG = logging.getLogger(__name__)


class Copies:
    """Owner of the copies under way. What is lost is counted."""

    def __init__(self, courier: Courier, metrics: Metrics) -> None:
        self._courier = courier
        self._metrics = metrics
        self._under_way: set[asyncio.Task[None]] = set()
        self._told = float("-inf")

    @property
    def has_room(self) -> bool:
        """Whether another one may be sent."""
        return len(self._under_way) < MOST

    def send(self, copy: Copy, timeouts: Timeouts) -> None:
        """Send a copy, and let go of its body; nobody waits for that."""
        task = asyncio.get_running_loop().create_task(self._send(copy, timeouts))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def lose(self, reason: str) -> None:
        """Count a copy that does not arrive, and say why, if not too often."""
        self._metrics.lost_copies += 1
        now = asyncio.get_running_loop().time()
        if now - self._told >= TELL_EVERY:
            self._told = now
            _LOG.warning("mirror-target: a copy is lost: %s", reason)

    async def close(self) -> None:
        """Drop what is under way."""
        tasks = tuple(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, copy: Copy, timeouts: Timeouts) -> None:
        try:
            await self._courier.send(copy.question, timeouts, copy.pieces())
        except (aiohttp.ClientError, ValueError, TimeoutError, OSError) as error:
            origin = copy.question.url.origin()
            self.lose(f"{origin}: {str(error) or type(error).__name__}")
        finally:
            copy.close()
