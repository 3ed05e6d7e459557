"""An election in simulated time: electors, one Lease, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ingressd.controller.cluster.elector import Candidate, Elector
from ingressd.controller.cluster.failures import Failures
from support.object_store_api import ObjectStoreApi
from support.replicas import LEASE


class Contender:
    """An elector, and whether what it leads is acting."""

    def __init__(self, api: ObjectStoreApi, name: str) -> None:
        self.acting = False
        self.terms = 0
        self.failures = Failures()
        candidate = Candidate(name, "ingress", "leader")
        self.elector = Elector(api, candidate, self.failures)  # type: ignore[arg-type]
        self.task = asyncio.create_task(self.elector.run(self._lead), name=name)

    async def _lead(self) -> None:
        self.acting = True
        self.terms += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.acting = False

    async def stop(self) -> None:
        """As at SIGKILL: nothing is released."""
        self.task.cancel()
        await asyncio.wait((self.task,))


@asynccontextmanager
async def contenders(*names: str) -> AsyncIterator[tuple[ObjectStoreApi, list[Contender]]]:
    """An API server, and who campaigns there; killed at the end."""
    api = ObjectStoreApi()
    made = [Contender(api, name) for name in names]
    try:
        yield api, made
    finally:
        for each in made:
            await each.stop()


def now() -> float:
    """Seconds of simulated time."""
    return asyncio.get_running_loop().time()


async def until_acts(contender: Contender) -> float:
    """When it begins to act."""
    while not contender.acting:  # noqa: ASYNC110 (simulated time: polling costs nothing)
        await asyncio.sleep(0.05)
    return now()


def holder(api: ObjectStoreApi) -> str:
    """Who holds the Lease; "" is nobody."""
    return str(api.objects[LEASE]["spec"].get("holderIdentity", ""))
