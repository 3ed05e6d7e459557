"""The Kubernetes API as plain dicts: small requests, and following a collection for ever."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

import aiohttp
import msgspec

Object = dict[str, Any]

_logger = logging.getLogger(__name__)

RETRY_SECONDS = 0.1
_LARGEST_EVENT_BYTES = 16 << 20
_JSON = "application/json"
_MERGE_PATCH = "application/merge-patch+json"
_SETTLED = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
# An API server that starts knows roles and tokens a little later than it listens.
_NOT_NOW = (401, 403, 429, 500, 502, 503, 504)
_AWAY = (aiohttp.ClientError, ConnectionError, TimeoutError)


class ApiError(Exception):
    """What the server answered instead of what was asked for."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """A client for one token; to be entered before use, once, inside the cluster's network."""

    def __init__(self, server: str, authority_file: Path, token: str) -> None:
        self._server = server
        self._context = ssl.create_default_context(cafile=authority_file)
        self._headers = {"Authorization": f"Bearer {token}"}

    async def __aenter__(self) -> Self:
        self._client = aiohttp.ClientSession(
            self._server,
            headers=self._headers,
            connector=aiohttp.TCPConnector(ssl=self._context, limit=0),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=5),
            read_bufsize=_LARGEST_EVENT_BYTES,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def get(self, path: str, **query: object) -> Object:
        return await self._ask("GET", path, query=query)

    async def create(self, path: str, body: Object) -> Object:
        return await self._ask("POST", path, body)

    async def patch(self, path: str, body: Object) -> Object:
        """A JSON merge patch."""
        return await self._ask("PATCH", path, body, kind=_MERGE_PATCH)

    async def delete(self, path: str, body: Object | None = None) -> Object:
        return await self._ask("DELETE", path, body)

    async def watch(self, path: str, resource_version: str) -> AsyncIterator[Object]:
        """Events (``type``, ``object``) until the server ends the stream.

        Raises ApiError, with status 410 when the version is too old.
        """
        query = {"watch": "true", "resourceVersion": resource_version}
        async with self._client.get(path, params=query) as response:
            if response.status != HTTPStatus.OK:
                raise await _error(response)
            async for line in response.content:
                event = msgspec.json.decode(line)
                if event["type"] == "ERROR":
                    raise ApiError(event["object"]["code"], event["object"]["message"])
                yield event

    async def follow(self, path: str) -> AsyncIterator[Object]:
        """A ``LISTED`` event with the whole list, then a watch's; again from the start for ever,
        also when the server is away for a while.
        """
        while True:
            try:
                listed = await self.get(path)
                yield {"type": "LISTED", "object": listed}
                async for event in self.watch(path, listed["metadata"]["resourceVersion"]):
                    yield event
            except (*_AWAY, ApiError) as error:
                _logger.warning("%s: %r, asking again", path, error)
                await asyncio.sleep(RETRY_SECONDS)

    async def insist(self, method: str, path: str, body: Object) -> None:
        """Ask until it is so, or there is nothing left for which it could be (404, 409).

        An outage and an overload are waited out; any other refusal raises ApiError.
        """
        kind = _MERGE_PATCH if method == "PATCH" else _JSON
        while True:
            try:
                await self._ask(method, path, body, kind=kind)
                return
            except ApiError as error:
                if error.status in _SETTLED:
                    return
                if error.status not in _NOT_NOW:
                    raise
            except _AWAY as error:
                _logger.warning("%s: %r, asking again", path, error)
            await asyncio.sleep(RETRY_SECONDS)

    async def _ask(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        *,
        query: dict[str, object] | None = None,
        kind: str = _JSON,
    ) -> Object:
        data = None if body is None else msgspec.json.encode(body)
        headers = {"Content-Type": kind}
        params = {name: str(value) for name, value in (query or {}).items()}
        async with self._client.request(
            method, path, data=data, headers=headers, params=params
        ) as response:
            if response.status >= HTTPStatus.BAD_REQUEST:
                raise await _error(response)
            return msgspec.json.decode(await response.read())


async def _error(response: aiohttp.ClientResponse) -> ApiError:
    text = await response.text()
    try:
        message = msgspec.json.decode(text)["message"]
    except (msgspec.DecodeError, KeyError, TypeError):
        message = text
    return ApiError(response.status, message)
