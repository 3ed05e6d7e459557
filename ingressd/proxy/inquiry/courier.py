"""The worker's HTTP client for questions: aiohttp's, without what it adds of its own accord.

It keeps connections, follows no redirect, has no cookies and no credentials, and sends the fields
it is given and no others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import aiohttp
from aiohttp import hdrs
from aiohttp.connector import Connection
from multidict import CIMultiDict
from yarl import URL

from ingressd.proxy.headers import RawHeaders
from ingressd.proxy.inquiry.names import FindEndpoints, Names, none_known
from ingressd.routing.policy import Timeouts

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.tracing import Trace

IDLE_SECONDS = 4.0
"""How long a connection waits for its next question; common servers close theirs after 5 s."""

LONGEST_FIELD = 64 * 1024
MOST_FIELDS = 256
LONGEST_BODY = 64 * 1024
"""Bytes of an answer's body that are read, so that its connection can be used again."""

BODY_SECONDS = 1.0
"""How long that may take: the decision is in the head."""

TELL_EVERY = 1.0  # seconds between two lines in the log

_TRIES = 2
"""A connection that was kept may die as it is used; the question is then asked once more."""

_BROKEN = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)
_SKIPPED = (hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.USER_AGENT, hdrs.CONTENT_TYPE)

_LOG = logging.getLogger(__name__)


class Unanswered(Exception):
    """A question got no usable answer; the message says why."""


class Question(NamedTuple):
    """A request without a body. ``fields`` may hold a name more than once."""

    method: str
    url: URL
    fields: CIMultiDict[str]


class Reply(NamedTuple):
    """An answer without its body."""

    status: int
    fields: RawHeaders


class Courier:
    """Owner of the client, which is made with the first question."""

    def __init__(self, find_endpoints: FindEndpoints = none_known) -> None:
        self._find_endpoints = find_endpoints
        self._session: aiohttp.ClientSession | None = None
        self._told = float("-inf")

    async def ask(self, question: Question, timeouts: Timeouts) -> Reply:
        """The reply of a service. Raises Unanswered where it cannot be reached, breaks off, or
        does not answer in time."""
        timeout = _client_timeout(timeouts)
        for tries_left in range(_TRIES, 0, -1):
            try:
                return await self._ask(question, timeout)
            except aiohttp.ClientConnectorError as error:
                self._give_up(question, str(error))
            except _BROKEN as error:
                if tries_left == 1:
                    self._give_up(question, str(error) or "the connection broke")
            except (aiohttp.ClientError, ValueError) as error:
                self._give_up(question, str(error) or type(error).__name__)
            except TimeoutError:
                self._give_up(question, "no answer in time")
        raise AssertionError("the last try returns or gives up")

    async def send(
        self, question: Question, timeouts: Timeouts, body: AsyncIterator[bytes] | None
    ) -> None:
        """Send what nobody waits for, once; its answer is thrown away. Raises
        aiohttp.ClientError, ValueError or TimeoutError, and what ``body`` raises."""
        await self._ask(question, _client_timeout(timeouts), body)

    def complain(self, question: Question, reason: str) -> None:
        """Log what is wrong with a service, though not for each request."""
        now = asyncio.get_running_loop().time()
        if now - self._told >= TELL_EVERY:
            self._told = now
            _LOG.error("auth-url: %s gives no decision: %s", question.url.origin(), reason)

    async def close(self) -> None:
        """Close every connection; a question that comes later opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _ask(
        self,
        question: Question,
        timeout: aiohttp.ClientTimeout,
        body: AsyncIterator[bytes] | None = None,
    ) -> Reply:
        session = self._session = self._session or _new_session(Names(self._find_endpoints))
        async with session.request(
            question.method,
            question.url,
            headers=question.fields,
            data=body,
            allow_redirects=False,
            timeout=timeout,
            ssl=False,
        ) as response:
            await _read_rest(response)
            return Reply(response.status, response.raw_headers)

    def _give_up(self, question: Question, reason: str) -> NoReturn:
        self.complain(question, reason)
        raise Unanswered(reason)


async def _read_rest(response: aiohttp.ClientResponse) -> None:
    """Read a short body; behind one that is not, the connection is closed."""
    left = LONGEST_BODY
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while left > 0 and (piece := await response.content.readany()):
                left -= len(piece)
    except (aiohttp.ClientError, TimeoutError):
        response.close()


def _client_timeout(timeouts: Timeouts) -> aiohttp.ClientTimeout:
    """A service that answers byte by byte has no more time than one that answers at the end."""
    return aiohttp.ClientTimeout(
        total=timeouts.connect + timeouts.read,
        connect=timeouts.connect,
        sock_connect=timeouts.connect,
        sock_read=timeouts.read,
    )


def _new_session(names: Names) -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=_Connector(
            resolver=names, use_dns_cache=False, limit=0, keepalive_timeout=IDLE_SECONDS
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=_SKIPPED,
        max_line_size=LONGEST_FIELD,
        max_field_size=LONGEST_FIELD,
        max_headers=MOST_FIELDS,
    )
    session._retry_connection = False  # which would ask again where the service itself fails
    return session


class _Connector(aiohttp.TCPConnector):
    """Keeps no connection on which something came unasked: it would be taken for the answer to
    somebody else's question."""

    async def connect(
        self, req: ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        """A connection on which nothing waits to be read."""
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            if protocol is None or not protocol.should_close:
                return connection
            connection.close()
