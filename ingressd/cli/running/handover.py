"""Handing over to a new ingressd on the same ports, as often as it takes until one serves."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable

from ingressd.workers.takeover import Successor, SuccessorGone

log = logging.getLogger(__name__)

START_PATIENCE = 120.0
"""Seconds within which a new process has to serve."""

_SERVES_ON = "this one serves on"


def own_command() -> list[str]:
    """How this program was called. What is installed there by now is what starts."""
    return [sys.executable, *sys.orig_argv[1:]]


def obstacle(pid: int, *, reads_stdin: bool, serves: bool) -> str:
    """Why nobody can take the place of this process, "" where somebody can.

    While it takes over itself, somebody else in its place would leave two that serve.
    """
    if pid == 1:
        return (
            "this is the first process of its container, which ends with it: roll out another "
            "pod instead"
        )
    if reads_stdin:
        return "manifests that came on standard input cannot be read by another process"
    if not serves:
        return "this process does not serve yet; ask again once it does"
    return ""


class Handover:
    """Starts a successor whenever asked. One that fails costs nothing but a line in the log.

    ``start`` raises OSError where it cannot. ``farewell`` is seconds that a successor which is not
    wanted gets to finish what it has begun. ``prevented`` says why there can be none now, if so.
    """

    def __init__(
        self,
        start: Callable[[], Successor],
        farewell: float,
        prevented: Callable[[], str] = lambda: "",
        patience: float = START_PATIENCE,
    ) -> None:
        self._start = start
        self._farewell = farewell
        self._prevented = prevented
        self._patience = patience

    async def run(self, asked: asyncio.Event) -> Successor:
        """A successor, once it serves. Each time that ``asked`` is set another one is
        started; it is cleared when that has failed.

        Cancelling sends away the one that is starting; cancelling twice kills it.
        """
        while True:
            await asked.wait()
            try:
                if successor := await self._attempt():
                    return successor
            except Exception:  # whatever the bug is, it must not end what serves
                log.exception("handing over failed; %s", _SERVES_ON)
            asked.clear()

    async def _attempt(self) -> Successor | None:
        if prevented := self._prevented():
            log.error("SIGUSR2: %s", prevented)
            return None
        try:
            successor = self._start()
        except OSError as error:
            log.error("no new process can be started: %s; %s", error, _SERVES_ON)
            return None
        log.info("a new process (pid %d) is started to take over", successor.pid)
        is_ready = False
        try:
            is_ready = await self._is_ready(successor)
        finally:
            if not is_ready:
                await successor.dismiss(self._farewell)
        return successor if is_ready else None

    async def _is_ready(self, successor: Successor) -> bool:
        try:
            async with asyncio.timeout(self._patience):
                await successor.ready()
        except TimeoutError:
            reason = f"it does not serve after {self._patience:g} s"
        except SuccessorGone as error:
            reason = str(error)
        else:
            log.info("the new process (pid %d) serves", successor.pid)
            return True
        log.error(
            "the new process (pid %d) cannot take over: %s; %s", successor.pid, reason, _SERVES_ON
        )
        return False
