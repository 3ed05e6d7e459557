"""An API server with a cluster in it: lists in pages, watches, and objects that change.

It says yes to whatever is written to it and forgets it: ingressd may lead and report as it likes.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from aiohttp import web

from bench.cluster.objects import Object
from bench.cluster.stored import FIRST_VERSION, LISTS, as_stored, item_of, list_of

SLICES_API = "/apis/discovery.k8s.io/v1"
TLS_TYPE = "kubernetes.io/tls"
TOKEN = "bench"


class ClusterApi:
    """Owner of the objects and of the watches that are open."""

    def __init__(self, objects: Mapping[str, Sequence[Object]]) -> None:
        self._version = FIRST_VERSION
        self._items = {plural: dict(map(self._stored, objects.get(plural, ()))) for plural in LISTS}
        self._history: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
        self._watches: dict[str, set[asyncio.Queue[bytes | None]]] = defaultdict(set)

    def put(self, plural: str, changed: Object) -> None:
        """Create or replace an object, and tell whoever watches at once."""
        self._version += 1
        key, item = self._stored(changed)
        type_ = "MODIFIED" if key in self._items[plural] else "ADDED"
        self._items[plural][key] = item
        event = {"type": type_, "object": as_stored(changed, self._version)}
        line = msgspec.json.encode(event) + b"\n"
        self._history[plural].append((self._version, line))
        for watch in self._watches[plural]:
            watch.put_nowait(line)

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[str]:
        """Serve on a port of 127.0.0.1; yields the URL."""
        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            for watch in [each for watches in self._watches.values() for each in watches]:
                watch.put_nowait(None)
            await runner.cleanup()

    def _stored(self, found: Object) -> tuple[tuple[str, str], bytes]:
        metadata = found["metadata"]
        key = (metadata.get("namespace", ""), metadata["name"])
        return key, item_of(as_stored(found, self._version))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.method != "GET":
            return web.Response(body=await request.read(), content_type="application/json")
        if request.path == SLICES_API:
            return web.json_response({})
        parts = request.path.strip("/").split("/")
        if parts[-1] not in LISTS:
            return self._get(parts)
        if request.query.get("watch") == "true":
            return await self._watch(request, parts[-1])
        return self._list(request, parts[-1])

    def _get(self, parts: Sequence[str]) -> web.Response:
        """One object that belongs to no namespace; nothing else is ever asked for by name."""
        plural, name = parts[-2], parts[-1]
        item = self._items.get(plural, {}).get(("", name))
        if item is None:
            return web.json_response({"kind": "Status", "code": 404}, status=404)
        return web.Response(body=item, content_type="application/json")

    def _list(self, request: web.Request, plural: str) -> web.Response:
        start, limit = int(request.query.get("continue") or 0), int(request.query.get("limit") or 0)
        items = [] if _is_narrow(request) else list(self._items[plural].values())
        end = start + limit if limit else len(items)
        more = str(end) if end < len(items) else ""
        body = list_of(plural, items[start:end], self._version, more)
        return web.Response(body=body, content_type="application/json")

    async def _watch(self, request: web.Request, plural: str) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        if not _is_narrow(request):
            listed = int(request.query["resourceVersion"])
            for version, known in self._history[plural]:
                if version > listed:
                    lines.put_nowait(known)
            self._watches[plural].add(lines)
        try:
            while (line := await lines.get()) is not None:
                await response.write(line)
        finally:
            self._watches[plural].discard(lines)
        return response


def kubeconfig(folder: Path, url: str) -> Path:
    """A kubeconfig that leads to the server."""
    path = folder / "kubeconfig"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "bench",
        "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
        "clusters": [{"name": "bench", "cluster": {"server": url}}],
        "users": [{"name": "bench", "user": {"token": TOKEN}}],
    }
    path.write_text(json.dumps(content))
    return path


def _is_narrow(request: web.Request) -> bool:
    """Whether objects are asked for that this cluster has none of: Secrets of another type."""
    return any(term != f"type={TLS_TYPE}" for term in _terms(request))


def _terms(request: web.Request) -> Iterable[str]:
    return filter(None, request.query.get("fieldSelector", "").split(","))
