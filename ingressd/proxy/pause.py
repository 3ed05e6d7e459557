"""A request whose filter has to wait for something, such as an authentication service."""

from __future__ import annotations

from collections.abc import Callable

from ingressd.proxy.client.roles import Conclude, Errand
from ingressd.proxy.filters.filter import Stop, Wait
from ingressd.proxy.upstream.receiver import Failure


class Pause:
    """An errand that waits, and goes on with what ``resume`` makes of the end of the wait."""

    def __init__(self, wait: Wait, resume: Callable[[Stop | None], Errand | None]) -> None:
        self._wait = wait
        self._resume = resume

    def begin(self, conclude: Conclude) -> bool:
        """There is something to wait for."""
        return False

    async def run(self) -> Failure | None:
        """Wait, and do what is left; the answer is why that failed, or None."""
        errand = self._resume(await self._wait())
        return await errand.run() if errand is not None else None
