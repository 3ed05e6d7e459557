"""The one way to the API server: raw bytes out and in, credentials kept fresh.

Watching, status, leases and Events all go through it, and none of them knows how we are
authenticated, or which HTTP client this is.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

import aiohttp
import msgspec
from msgspec import Struct

from ingressd import __version__
from ingressd.sources.kubernetes.errors import (
    ApiError,
    ApiSilent,
    ApiUnreachable,
    NoApiServer,
    StreamStalled,
    refusal,
)
from ingressd.sources.kubernetes.lines import LineSplitter

if TYPE_CHECKING:
    from ingressd.sources.kubernetes.credentials import Access, Credentials

__all__ = ["ApiError", "ApiServer", "ApiUnreachable", "NoApiServer", "connect"]

REQUEST_TIMEOUT = 30.0
"""Seconds for an answer; a page of 500 objects takes a busy API server a few."""

IDLE_TIMEOUT = 120.0
"""Seconds without a byte after which a stream counts as stalled: a bookmark is due each minute."""

CONNECT_TIMEOUT = 10.0
_GOOD = range(200, 300)
_UNAUTHORIZED = 401
_KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)  # a host that vanished is noticed in 45 s

LOAD_TIMEOUT = 30.0
"""Seconds that an exec plugin may take when credentials are renewed."""

QueryValue: TypeAlias = str | int

_log = logging.getLogger(__name__)


class _Request(Struct, frozen=True):
    """``answer_within`` bounds the wait for the head of the answer where ``timeout`` does not."""

    method: str
    path: str
    query: dict[str, QueryValue]
    timeout: aiohttp.ClientTimeout
    answer_within: float | None = None
    content: bytes | None = None
    content_type: str = ""


async def connect(kubeconfig: str | None = None, context: str | None = None) -> ApiServer:
    """The API server that a kubeconfig names, or without one the API server of our own cluster.

    Nothing is sent yet. Raises NoApiServer, which says what was tried.
    """
    # Not at the top: it costs 38 MiB, and importing this module for its types must not.
    from ingressd.sources.kubernetes.credentials import InClusterAccess, KubeconfigAccess

    if kubeconfig:
        return await ApiServer.reached_by(KubeconfigAccess(kubeconfig, context))
    return await ApiServer.reached_by(InClusterAccess())


class ApiServer:
    """Owner of the session and its credentials. Paths begin with ``/api`` or ``/apis``.

    Every request raises ApiError when the server refuses, and ApiUnreachable when it gives no
    answer. After a 401 or a TLS failure credentials are loaded again, and the request is sent once
    more.
    """

    def __init__(
        self, access: Access, credentials: Credentials, *, request_timeout: float = REQUEST_TIMEOUT
    ) -> None:
        self._access = access
        self._credentials = credentials
        self._session = credentials.open_session()
        self._request_timeout = request_timeout
        self._loaded_at = time.monotonic()
        self._loading = asyncio.Lock()

    @classmethod
    async def reached_by(
        cls, access: Access, *, request_timeout: float = REQUEST_TIMEOUT
    ) -> ApiServer:
        """With the credentials that ``access`` loads. Raises NoApiServer."""
        credentials = await access.load()
        try:
            return cls(access, credentials, request_timeout=request_timeout)
        except OSError as error:  # ssl.SSLError, too: certificates that are missing or malformed
            raise NoApiServer(f"{credentials.url}: its certificates: {error}") from None

    @property
    def url(self) -> str:
        """Where it is, such as ``https://10.96.0.1:443``."""
        return self._credentials.url

    async def get(self, path: str, within: float | None = None, /, **query: QueryValue) -> bytes:
        """The body of what is at ``path``, for which the server has ``within`` seconds instead of
        the usual ones."""
        return await self._exchange(_Request("GET", path, query, self._timeout(within)))

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content_type: str = "application/json",
        **query: QueryValue,
    ) -> bytes:
        """The body of the answer to a POST, PUT, PATCH or DELETE. Bytes are sent as they are,
        everything else as JSON; None is no body."""
        content = body if isinstance(body, bytes | None) else msgspec.json.encode(body)
        timeout = self._timeout()
        return await self._exchange(
            _Request(method, path, query, timeout, content=content, content_type=content_type)
        )

    @asynccontextmanager
    async def stream(
        self, path: str, *, idle_timeout: float = IDLE_TIMEOUT, **query: QueryValue
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """An open watch: its lines until the server ends it, without one that was cut off.

        It is open once the server begins to answer, for which it has as long as for any answer:
        ApiSilent. Reading raises StreamStalled after ``idle_timeout`` seconds of silence,
        StreamGarbled at a line without end.
        """
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_TIMEOUT, sock_read=idle_timeout
        )
        request = _Request("GET", path, query, timeout, self._request_timeout)
        async with self._answer(request) as response:
            _keep_alive(response)
            yield _lines(response.content)

    async def close(self) -> None:
        """Cut every stream and let go of the connections."""
        await self._session.close()

    def _timeout(self, within: float | None = None) -> aiohttp.ClientTimeout:
        """For a whole exchange."""
        total = within or self._request_timeout
        return aiohttp.ClientTimeout(total=total, connect=min(CONNECT_TIMEOUT, total))

    async def _exchange(self, request: _Request) -> bytes:
        async with self._answer(request) as response:
            return await response.read()

    @asynccontextmanager
    async def _answer(self, request: _Request) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer that does not refuse. What fails while it is read is mapped here, too."""
        try:
            response = await self._open(request)
            try:
                await _raise_for_refusal(response)
                yield response
            finally:
                response.close()  # keeps the connection if the answer was read to its end
        except aiohttp.SocketTimeoutError as error:
            raise StreamStalled("nothing came for too long") from error
        except TimeoutError as error:
            raise ApiSilent("no answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise ApiUnreachable(_what_happened(error)) from error

    async def _open(self, request: _Request) -> aiohttp.ClientResponse:
        """The head of the answer, on the second try where the credentials may be outdated."""
        if time.monotonic() - self._loaded_at >= self._access.period:
            await self._renew(self._credentials)
        used = self._credentials
        try:
            response = await self._request(request)
        except aiohttp.ClientSSLError:
            if not await self._renew(used):
                raise
            return await self._request(request)
        if response.status == _UNAUTHORIZED and await self._renew(used):
            response.close()
            return await self._request(request)
        return response

    async def _request(self, request: _Request) -> aiohttp.ClientResponse:
        headers = {"Accept": "application/json", "User-Agent": f"ingressd/{__version__}"}
        if self._credentials.authorization:
            headers["Authorization"] = self._credentials.authorization
        if request.content is not None:
            headers["Content-Type"] = request.content_type
        async with asyncio.timeout(request.answer_within):
            return await self._session.request(
                request.method,
                self._credentials.url + request.path,
                params={name: str(value) for name, value in request.query.items()},
                data=request.content,
                headers=headers,
                timeout=request.timeout,
                allow_redirects=False,  # credentials are for this server alone
                **self._credentials.request_options,
            )

    async def _renew(self, used: Credentials) -> bool:
        """Load the credentials again, unless another request has done so since ``used``.

        Returns whether there are other ones now. Where loading fails the old ones stay.
        """
        async with self._loading:
            if self._credentials is not used:
                return True
            self._loaded_at = time.monotonic()
            try:
                async with asyncio.timeout(LOAD_TIMEOUT):
                    fresh = await self._access.load()
                await self._adopt(fresh)
            except (NoApiServer, OSError) as error:
                _log.warning("credentials for %s cannot be renewed: %s", self.url, error)
                return False
            return fresh.is_other_than(used)

    async def _adopt(self, fresh: Credentials) -> None:
        """Use them. A session made from other certificates replaces ours, and cuts its streams:
        those who read them go on from where they were."""
        outdated = None
        if fresh.transport != self._credentials.transport:
            outdated, self._session = self._session, fresh.open_session()
        self._credentials = fresh
        if outdated is not None:
            await outdated.close()


def _what_happened(error: Exception) -> str:
    """In a person's words, as far as the library has some."""
    if isinstance(error, aiohttp.ClientSSLError) or not isinstance(error, OSError):
        return str(error) or type(error).__name__
    return os.strerror(error.errno).lower() if error.errno else str(error)


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    splitter = LineSplitter()
    async for chunk in content.iter_any():
        for line in splitter.feed(chunk):
            yield line


async def _raise_for_refusal(response: aiohttp.ClientResponse) -> None:
    if response.status not in _GOOD:
        body = await response.read()
        raise refusal(response.status, response.reason or "", response.headers, body)


def _keep_alive(response: aiohttp.ClientResponse) -> None:
    """Let the kernel notice a peer that is gone: a quiet watch sends nothing by itself."""
    connection = response.connection
    if connection is None or connection.transport is None:
        return
    stream = connection.transport.get_extra_info("socket")
    for level, option, value in _KEEPALIVE:
        stream.setsockopt(level, option, value)
