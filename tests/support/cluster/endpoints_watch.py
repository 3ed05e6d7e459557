"""When a Service's Endpoints changed, as any client of the API hears it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from support.cluster.api import Object
from support.cluster.cluster import Namespace

Addresses = frozenset[str]


class EndpointsWatch:
    """The ready addresses now; ``changed_at`` is the monotonic time at which they became so."""

    def __init__(self, service: str) -> None:
        self.addresses: Addresses = frozenset()
        self.changed_at = 0.0
        self._service = service
        self._news = asyncio.Event()

    async def until(self, holds: Callable[[Addresses], bool]) -> float:
        """Wait for addresses of which it holds; returns when they were heard of."""
        while not holds(self.addresses):
            self._news.clear()
            await self._news.wait()
        return self.changed_at

    def take(self, endpoints: Object) -> None:
        """An object of the collection."""
        if endpoints["metadata"]["name"] != self._service:
            return
        subsets = endpoints.get("subsets", ())
        found = frozenset(a["ip"] for subset in subsets for a in subset.get("addresses", ()))
        if found != self.addresses:
            self.addresses, self.changed_at = found, time.monotonic()
            self._news.set()


@asynccontextmanager
async def watching_endpoints(namespace: Namespace, service: str) -> AsyncIterator[EndpointsWatch]:
    """A watch of the API server, for as long as the block lasts."""
    path = f"/api/v1/namespaces/{namespace.name}/endpoints"
    listed = await namespace.api.get(path)
    watch = EndpointsWatch(service)
    for each in listed["items"]:
        watch.take(each)

    async def follow() -> None:
        async for event in namespace.api.watch(path, listed["metadata"]["resourceVersion"]):
            watch.take(event["object"])

    following = asyncio.create_task(follow(), name="endpoints")
    try:
        yield watch
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
