"""A Kubernetes API server that fails on command: lists, watches and what goes wrong with them."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from msgspec import Struct

Object = dict[str, Any]

SLICES_API = "/apis/discovery.k8s.io/v1"
API_OF = {
    "ingresses": ("networking.k8s.io/v1", "Ingress"),
    "ingressclasses": ("networking.k8s.io/v1", "IngressClass"),
    "services": ("v1", "Service"),
    "secrets": ("v1", "Secret"),
    "configmaps": ("v1", "ConfigMap"),
    "endpoints": ("v1", "Endpoints"),
    "endpointslices": ("discovery.k8s.io/v1", "EndpointSlice"),
    "namespaces": ("v1", "Namespace"),
}


class Refusal(Struct, frozen=True):
    """Answer with a status instead."""

    status: int
    reason: str = ""
    retry_after: str = ""
    message: str = "no"


class Hang(Struct, frozen=True):
    """Do not answer at all."""


class Reset(Struct, frozen=True):
    """Cut the connection instead of answering."""


Fault = Refusal | Hang | Reset


class _Change(Struct, frozen=True):
    version: int
    plural: str
    type: str
    object: Object


class _Watch(Struct):
    plural: str
    lines: asyncio.Queue[bytes | None]
    request: web.Request


class ApiDouble:
    """Owner of the objects, of their history, and of what is to go wrong next.

    ``requests`` counts by (verb, plural), ``queries`` are those of each of them, and ``sent`` are
    method, content type and body of what was not just read. ``token`` is what a client must
    present, "" for nothing.
    """

    def __init__(self, *, has_slices: bool = True) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()
        self.queries: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
        self.sent: list[tuple[str, str, bytes]] = []
        self.token = ""
        self.has_slices = has_slices
        self.url = ""
        self._version = 100
        self._compacted = 0
        self._ahead: Fault | None = None
        self._objects: dict[str, dict[tuple[str, str], Object]] = defaultdict(dict)
        self._history: list[_Change] = []
        self._faults: dict[tuple[str, str], deque[Fault]] = defaultdict(deque)
        self._lasting: dict[tuple[str, str], Fault] = {}
        self._watches: list[_Watch] = []
        self._changed = asyncio.Event()
        self._leaving = asyncio.Event()
        self._continue_expires = 0

    # What is in the cluster

    def put(self, plural: str, name: str, namespace: str = "default", **fields: Any) -> Object:
        """Create or replace an object."""
        api_version, kind = API_OF[plural]
        known = self._objects[plural].get((namespace, name))
        self._version += 1
        metadata = {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-{name}",
            **fields.pop("metadata", {}),
            "resourceVersion": str(self._version),
        }
        if plural in ("ingressclasses", "namespaces"):
            del metadata["namespace"]
        added = {"kind": kind, "apiVersion": api_version, "metadata": metadata, **fields}
        self._objects[plural][namespace, name] = added
        self._record(plural, "MODIFIED" if known else "ADDED", added)
        return added

    def delete(self, plural: str, name: str, namespace: str = "default") -> None:
        """Delete an object."""
        gone = self._objects[plural].pop((namespace, name))
        self._version += 1
        metadata = {**gone["metadata"], "resourceVersion": str(self._version)}
        self._record(plural, "DELETED", {**gone, "metadata": metadata})

    def compact(self) -> None:
        """Forget the history, as etcd does after five minutes."""
        self._compacted = self._version

    def restore(self, ahead: Fault | None) -> None:
        """Go on as from a backup of etcd: versions are given a second time. A watch of one that is
        still to come fails so, or, without a fault, is silent."""
        self._version = 100
        self._history.clear()
        self._ahead = ahead

    def _record(self, plural: str, type_: str, changed: Object) -> None:
        change = _Change(self._version, plural, type_, changed)
        self._history.append(change)
        for watch in self._open(plural):
            if self._version > _position(watch.request) and _is_selected(changed, watch.request):
                watch.lines.put_nowait(_event(type_, changed))

    # What goes wrong

    def fail(self, verb: str, plural: str, *faults: Fault) -> None:
        """The next requests of this kind fail, each in its way; "discover" is a verb, too."""
        self._faults[verb, plural].extend(faults)

    def fail_always(self, verb: str, plural: str, fault: Fault | None) -> None:
        """Every request of this kind fails, until called with None."""
        if fault is None:
            self._lasting.pop((verb, plural), None)
        else:
            self._lasting[verb, plural] = fault

    def expire_continue(self, times: int = 1) -> None:
        """The next pages that are asked for have expired."""
        self._continue_expires = times

    def line(self, plural: str, line: bytes) -> None:
        """Send bytes, whatever they are, on every open watch."""
        for watch in self._open(plural):
            watch.lines.put_nowait(line)

    def bookmark(self, plural: str) -> None:
        """Send a bookmark."""
        self.line(plural, _event("BOOKMARK", {"metadata": {"resourceVersion": str(self._version)}}))

    def error(self, plural: str, code: int, reason: str) -> None:
        """Send an ERROR event."""
        self.line(plural, _event("ERROR", {"kind": "Status", "code": code, "reason": reason}))

    def end(self, plural: str) -> None:
        """End every open watch properly, as after timeoutSeconds."""
        for watch in self._open(plural):
            watch.lines.put_nowait(None)

    def reset(self, plural: str) -> None:
        """Cut the connection of every open watch."""
        for watch in self._open(plural):
            assert watch.request.transport is not None
            watch.request.transport.abort()

    # What can be waited for

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that requests bring about."""
        while not condition():
            self._changed = asyncio.Event()
            await self._changed.wait()

    async def watched(self, plural: str, times: int = 1) -> None:
        """Wait until a kind is watched, for the n-th time."""
        await self.until(
            lambda: bool(self._open(plural)) and self.requests["watch", plural] >= times
        )

    async def watched_by(self, plural: str, count: int) -> None:
        """Wait until so many watches of a kind are open."""
        await self.until(lambda: len(self._open(plural)) == count)

    def _open(self, plural: str) -> list[_Watch]:
        return [watch for watch in self._watches if watch.plural == plural]

    # How it answers

    @asynccontextmanager
    async def serving(
        self, port: int = 0, context: ssl.SSLContext | None = None
    ) -> AsyncIterator[int]:
        """Serve on a port of 127.0.0.1, which is yielded."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.01)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=context, reuse_address=True)
        await site.start()
        port = runner.addresses[0][1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{port}"
        try:
            yield port
        finally:
            self._leaving.set()
            for watch in self._watches:
                watch.lines.put_nowait(None)
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        parts = request.path.strip("/").split("/")
        verb, plural = _verb(request, parts), _plural(parts)
        self.requests[verb, plural] += 1
        self.queries[verb, plural].append(dict(request.query))
        self._changed.set()
        if request.method != "GET":
            self.sent.append((request.method, request.content_type, await request.read()))
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return _status(Refusal(401, "Unauthorized"))
        fault = self._lasting.get((verb, plural))
        if self._faults[verb, plural]:
            fault = self._faults[verb, plural].popleft()
        if fault is not None:
            return await self._misbehave(request, fault)
        if verb == "discover":
            return web.json_response({}) if self.has_slices else _status(Refusal(404, "NotFound"))
        if verb == "watch":
            return await self._watch(request, plural)
        return self._list(request, plural) if verb == "list" else self._get(plural, parts[-1])

    async def _misbehave(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        match fault:
            case Refusal():
                return _status(fault)
            case Hang():
                await self._leaving.wait()
            case Reset():
                assert request.transport is not None
                request.transport.abort()
        return web.Response()

    def _get(self, plural: str, name: str) -> web.Response:
        for (_, known), found in self._objects[plural].items():
            if known == name:
                return web.json_response(found)
        return _status(Refusal(404, "NotFound"))

    def _list(self, request: web.Request, plural: str) -> web.Response:
        start = int(request.query.get("continue", "0"))
        if start and self._continue_expires:
            self._continue_expires -= 1
            return _status(Refusal(410, "Expired"))
        limit = int(request.query.get("limit", "0")) or 1_000_000
        selected = [o for o in self._objects[plural].values() if _is_selected(o, request)]
        more = str(start + limit) if len(selected) > start + limit else ""
        body = {
            "kind": f"{API_OF[plural][1]}List",
            "metadata": {"resourceVersion": str(self._version), "continue": more},
            "items": selected[start : start + limit],
        }
        return web.json_response(body)

    async def _watch(self, request: web.Request, plural: str) -> web.StreamResponse:
        position = _position(request)
        if position < self._compacted:
            return _status(Refusal(410, "Expired"))
        if position > self._version and self._ahead is not None:
            return await self._misbehave(request, self._ahead)
        watch = _Watch(plural, asyncio.Queue(), request)
        for change in self._history:
            is_due = change.plural == plural and change.version > position
            if is_due and _is_selected(change.object, request):
                watch.lines.put_nowait(_event(change.type, change.object))
        response = web.StreamResponse()
        await response.prepare(request)
        self._watches.append(watch)
        self._changed.set()
        try:
            while (line := await watch.lines.get()) is not None:
                await response.write(line)
        finally:
            self._watches.remove(watch)
            self._changed.set()
        return response


def write_kubeconfig(
    folder: Path,
    url: str,
    token: str = "secret-token",
    *,
    cluster: Object | None = None,
    user: Object | None = None,
) -> Path:
    """A kubeconfig; ``cluster`` is added to the server's part, ``user`` replaces the token."""
    path = folder / "kubeconfig"
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "test",
                "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
                "clusters": [{"name": "test", "cluster": {"server": url, **(cluster or {})}}],
                "users": [{"name": "test", "user": user or {"token": token}}],
            }
        )
    )
    return path


def _verb(request: web.Request, parts: list[str]) -> str:
    if request.path == SLICES_API:
        return "discover"
    if request.query.get("watch") == "true":
        return "watch"
    return "list" if parts[-1] in API_OF else "get"


def _plural(parts: list[str]) -> str:
    return next((part for part in reversed(parts) if part in API_OF), "")


def _position(request: web.Request) -> int:
    """From where a watch goes on."""
    return int(request.query["resourceVersion"])


def _is_selected(candidate: Object, request: web.Request) -> bool:
    parts = request.path.split("/")
    if "namespaces" in parts:
        namespace = parts[parts.index("namespaces") + 1]
        if candidate["metadata"].get("namespace") != namespace:
            return False
    fields = {"metadata.name": candidate["metadata"]["name"], "type": candidate.get("type", "")}
    wanted = [each for each in request.query.get("fieldSelector", "").split(",") if each]
    for name, _, value in (each.partition("=") for each in wanted):
        if (fields[name.removesuffix("!")] == value) == name.endswith("!"):
            return False
    return True


def _event(type_: str, changed: Object) -> bytes:
    return json.dumps({"type": type_, "object": changed}).encode() + b"\n"


def _status(refusal: Refusal) -> web.Response:
    body = {
        "kind": "Status",
        "code": refusal.status,
        "reason": refusal.reason,
        "message": refusal.message,
    }
    headers = {"Retry-After": refusal.retry_after} if refusal.retry_after else {}
    return web.json_response(body, status=refusal.status, headers=headers)
