"""How one writer writes: at its rate, only while this replica may, and with pauses in trouble."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ingressd.controller.cluster.allowance import TokenBucket
from ingressd.controller.cluster.failures import Backoff, Failures, is_transient
from ingressd.sources.kubernetes.api import ApiServer, QueryValue
from ingressd.sources.kubernetes.errors import KubernetesError

_CONTENT_TYPES = {"PATCH": "application/merge-patch+json"}
_JSON = "application/json"


class Pen:
    """Belongs to one writer, whose name (``what``) its failures carry.

    ``may_write`` says whether this replica leads; ``failures`` is where failures are counted.
    """

    def __init__(
        self,
        api: ApiServer,
        what: str,
        failures: Failures,
        may_write: Callable[[], bool],
        bucket: TokenBucket,
    ) -> None:
        self.may_write = may_write
        self.failures = failures
        self._api = api
        self._what = what
        self._bucket = bucket
        self._backoff = Backoff()

    async def turn(self) -> None:
        """Wait until the next write may be sent."""
        now = _now()
        await asyncio.sleep(max(self._bucket.reserve(now), self._backoff.left(now)))

    async def send(self, method: str, path: str, body: object, **query: QueryValue) -> bytes:
        """Send one write; a PATCH is a merge patch (RFC 7386). Raises KubernetesError."""
        content_type = _CONTENT_TYPES.get(method, _JSON)
        return await self._api.send(method, path, body, content_type=content_type, **query)

    def worked(self) -> None:
        """A write was taken."""
        self._backoff.succeed()
        self.failures.clear(self._what)

    def failed(self, error: KubernetesError) -> bool:
        """A write was not taken. Returns whether the same one may be, later."""
        self.failures.note(self._what, error)
        if not is_transient(error):
            return False
        self._backoff.fail(error, _now())
        return True


def _now() -> float:
    return asyncio.get_running_loop().time()
