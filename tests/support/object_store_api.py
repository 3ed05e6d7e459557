"""An API server's objects in memory: GET, POST, PUT and merge patches with resourceVersions, and
what can go wrong with each. Not a watch.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import msgspec

from ingressd.sources.kubernetes.errors import ApiError, ApiUnreachable

Object: TypeAlias = dict[str, Any]
MERGE_PATCH = "application/merge-patch+json"


async def at_once(method: str, path: str) -> None:
    """No delay, no failure."""


async def unreachable(method: str, path: str) -> None:
    """Nothing listens there."""
    raise ApiUnreachable("connection refused")


class ObjectStoreApi:
    """Stands in for :class:`ingressd.sources.kubernetes.api.ApiServer`.

    ``before`` runs before a request reaches the objects and ``after`` before its answer reaches
    the client: both may wait or raise. ``requests`` are those that arrived, and ``queries`` the
    last query for each path; ``watchers`` are called with the path and what is stored there now,
    None when it is gone.
    """

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.requests: list[tuple[str, str, Any]] = []
        self.queries: dict[str, dict[str, str | int]] = {}
        self.before: Callable[[str, str], Awaitable[None]] = at_once
        self.after: Callable[[str, str], Awaitable[None]] = at_once
        self.watchers: list[Callable[[str, Object | None], None]] = []
        self._version = 0

    def put(self, path: str, stored: Object) -> Object:
        """Store an object as somebody else would."""
        self._version += 1
        metadata = {**stored.get("metadata", {}), "resourceVersion": str(self._version)}
        self.objects[path] = {**stored, "metadata": metadata}
        self._tell(path)
        return self.objects[path]

    def remove(self, path: str) -> None:
        """Delete an object as somebody else would."""
        del self.objects[path]
        self._tell(path)

    def _tell(self, path: str) -> None:
        for watcher in self.watchers:
            watcher(path, self.objects.get(path))

    def sent(self, method: str, part: str = "") -> list[tuple[str, Any]]:
        """Path and body of the requests with a method, and ``part`` in their path."""
        return [
            (path, body) for verb, path, body in self.requests if verb == method and part in path
        ]

    async def get(self, path: str, **query: str | int) -> bytes:
        self.queries[path] = query
        return await self._exchange("GET", path, None)

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content_type: str = "application/json",
        **query: str | int,
    ) -> bytes:
        assert (content_type == MERGE_PATCH) == (method == "PATCH")
        self.queries[path] = query
        return await self._exchange(method, path, msgspec.json.decode(msgspec.json.encode(body)))

    async def _exchange(self, method: str, path: str, body: Any) -> bytes:
        await self.before(method, path)
        self.requests.append((method, path, body))
        answer = self._apply(method, path, body)
        await self.after(method, path)
        return msgspec.json.encode(answer)

    def _apply(self, method: str, path: str, body: Any) -> Object:
        if method == "POST":
            return self._create(f"{path}/{body['metadata']['name']}", body)
        target = path.removesuffix("/status")
        if method == "GET" and path.endswith("/ingresses"):
            return {"items": [self.objects[each] for each in self.objects if path in each]}
        if target not in self.objects:
            raise ApiError(404, "NotFound", f"{target} not found")
        if method == "GET":
            return self.objects[target]
        self._check_version(target, body)
        if method == "PUT":
            return self.put(target, body)
        return self.put(target, self._signed(merged(self.objects[target], body), path))

    def _signed(self, patched: Object, path: str) -> Object:
        """With the field manager of a write to the status, as far as anybody asks for it."""
        manager = self.queries[path].get("fieldManager")
        if not manager:
            return patched
        fields = {"f:status": {"f:loadBalancer": {"f:ingress": {}}}}
        metadata = {"managedFields": [{"manager": manager, "fieldsV1": fields}]}
        return merged(patched, {"metadata": metadata})

    def _create(self, path: str, body: Object) -> Object:
        if path in self.objects:
            raise ApiError(409, "AlreadyExists", f"{path} already exists")
        return self.put(path, body)

    def _check_version(self, path: str, body: Object) -> None:
        expected = body.get("metadata", {}).get("resourceVersion")
        if expected not in (None, self.objects[path]["metadata"]["resourceVersion"]):
            raise ApiError(409, "Conflict", f"{path} has been modified")


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result
