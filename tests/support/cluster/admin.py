"""What a running ingressd says about itself on its admin port."""

from __future__ import annotations

import aiohttp
import msgspec
from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

from support.cluster.api import Object


class Admin(Struct, frozen=True):
    """The admin port of 127.0.0.1; every method asks anew."""

    port: int

    async def readiness(self) -> int:
        """The status of ``/readyz``."""
        return (await self._ask("/readyz"))[0]

    async def unreadiness(self) -> str:
        """What ``/readyz`` says is missing."""
        return (await self._ask("/readyz"))[1].decode()

    async def findings(self) -> set[str]:
        """The codes of the findings there are."""
        return {each["code"] for each in (await self._json("/api/v1/findings"))["findings"]}

    async def routes(self, host: str) -> list[Object]:
        """The routes of a host, in the order in which they win."""
        rows = (await self._json("/api/v1/routes"))["routes"]
        return [row for row in rows if row["host"] == host]

    async def endpoints(self, host: str) -> set[str]:
        """The endpoints behind the routes of a host (``IP:PORT``)."""
        return {each for row in await self.routes(host) for each in row.get("endpoints", ())}

    async def metric(self, name: str) -> dict[str, float]:
        """A metric's values by the value of its only label ("" where it has none)."""
        text = (await self._ask("/metrics"))[1].decode()
        samples = (s for family in text_string_to_metric_families(text) for s in family.samples)
        return {
            "".join(sample.labels.values()): sample.value
            for sample in samples
            if sample.name == name
        }

    async def is_settled(self) -> bool:
        """Whether every worker serves the newest table."""
        (newest,) = (await self.metric("ingressd_configuration_generation")).values()
        return set((await self.metric("ingressd_worker_generation")).values()) == {newest}

    async def _json(self, path: str) -> Object:
        return msgspec.json.decode((await self._ask(path))[1])

    async def _ask(self, path: str) -> tuple[int, bytes]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{self.port}{path}") as answer,
        ):
            return answer.status, await answer.read()
