"""Requests' bodies that are read whole before a pod is asked (``proxy-request-buffering``).

A pod is then busy no longer than it takes to hand the body over, however slow the client is; and
the request can be sent again.
"""

from __future__ import annotations

import asyncio
import logging

from aiohttp.web_protocol import RequestPayloadError

from ingressd.proxy.bodies.temporary_files import TemporaryFiles
from ingressd.proxy.client.request import Request
from ingressd.proxy.environment import Environment
from ingressd.proxy.upstream.receiver import Failure
from ingressd.routing.model import Route

_LOG = logging.getLogger(__name__)


def body_reader(route: Route, environment: Environment) -> BodyReader | None:
    """For a route whose requests are read whole, be it only to be copied, or to be counted for pods
    that know no chunks (HTTP/1.0)."""
    policy, mirror = route.policy, route.policy.mirror
    is_copied = mirror is not None and mirror.sends_body
    if not (policy.buffering.requests or is_copied or policy.pod_http.version == "1.0"):
        return None
    return BodyReader(route, environment.files)


class BodyReader:
    """Reads the bodies of one route's requests."""

    def __init__(self, route: Route, files: TemporaryFiles) -> None:
        self._limit = route.policy.body_limit
        self._memory = route.policy.buffering.request_memory
        self._files = files

    async def read(self, request: Request) -> Failure | None:
        """Keep the whole body on the request; the answer is why that failed, or None.

        Where it may not fit into memory and there is no place for files, nothing is read. Raises
        ConnectionError when the client leaves.
        """
        is_read = request.body_file is not None
        if is_read or not (self._fits(request) or self._files.is_possible):
            return None
        request.invite_body()
        pieces: list[bytes] = []
        try:
            return await self._read(request, pieces)
        except ConnectionError:
            raise
        except TimeoutError:
            return Failure.CLIENT_STALLED
        except RequestPayloadError:
            return Failure.CLIENT_BODY
        except OSError as error:
            _LOG.error("a request body could not be kept: %s", error)
            return Failure.NOT_KEPT
        finally:
            pieces.clear()  # aiohttp's reader keeps the error, which keeps us, until a collection

    def _fits(self, request: Request) -> bool:
        length = request.fields.get(b"content-length")
        return length is not None and int(length) <= self._memory

    async def _read(self, request: Request, pieces: list[bytes]) -> Failure | None:
        client = request.client
        request.body_consumed = True  # until it is here whole
        patience = client.limits.body_timeout
        async with asyncio.timeout(patience) as limit:
            while piece := await request.payload.readany():
                limit.reschedule(client.loop.time() + patience)
                if request.carries_more_than(self._limit):
                    return Failure.CLIENT_TOO_LARGE
                pieces.append(piece)
                if request.body_file is not None or sum(map(len, pieces)) > self._memory:
                    self._move_to_file(request, pieces)
        if request.body_file is None:
            request.small_body = b"".join(pieces)
        request.body_consumed = False
        return None

    def _move_to_file(self, request: Request, pieces: list[bytes]) -> None:
        if request.body_file is None:
            request.body_file = self._files.new()
        for piece in pieces:
            request.body_file.append(piece)
        pieces.clear()
