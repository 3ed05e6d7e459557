"""Workers that serve different tables: the admin port tells which worker serves which."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from support.clients import fetch
from support.program import MANIFEST, Launch, Program, running


class Generations(NamedTuple):
    """Of the newest table, and of those that the workers serve."""

    newest: float
    served: list[float]

    @property
    def are_same(self) -> bool:
        return set(self.served) == {self.newest}


async def test_a_worker_that_lags_behind_shows_until_it_has_caught_up(tmp_path: Path) -> None:
    manifest = tmp_path / "web.yaml"
    await asyncio.to_thread(manifest.write_text, MANIFEST.format(host="a.test"))
    async with running(Launch(manifest, tmp_path)) as program:
        before = await _until(program, lambda seen: seen.are_same)
        stopped = min(program.workers)
        os.kill(stopped, signal.SIGSTOP)
        await asyncio.to_thread(manifest.write_text, MANIFEST.format(host="b.test"))

        during = await _until(program, lambda seen: before.newest < seen.newest == max(seen.served))
        assert min(during.served) == before.newest
        assert await program.page("/readyz") == (200, "ok\n")  # the other one serves

        os.kill(stopped, signal.SIGCONT)
        await _until(program, lambda seen: seen.are_same)
        statuses = {(await fetch(program.http, host=b"b.test")).status for _ in range(20)}
        assert statuses == {503}  # the route is there, without endpoints
        assert stopped in program.workers


async def _until(program: Program, holds: Callable[[Generations], bool]) -> Generations:
    """What is served, as soon as it is so."""
    while True:
        newest = await program.metric("ingressd_configuration_generation")
        served = await program.samples("ingressd_worker_generation")
        seen = Generations(newest, [value for _, value in served])
        if holds(seen):
            return seen
