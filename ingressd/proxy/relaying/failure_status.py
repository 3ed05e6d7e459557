"""What a client is told where a request came to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ingressd.proxy.upstream.receiver import Failure

FAILURE_STATUS: Mapping[Failure, int] = MappingProxyType(
    {
        Failure.REFUSED: 502,
        Failure.CONNECT_TIMEOUT: 504,
        Failure.INSECURE: 502,
        Failure.UNRESOLVED: 502,
        Failure.CLOSED: 502,
        Failure.CUT: 502,
        Failure.MALFORMED: 502,
        Failure.TIMEOUT: 504,
        Failure.SEND_TIMEOUT: 504,
        Failure.UNWANTED: 502,
        Failure.CLIENT_BODY: 400,
        Failure.CLIENT_TOO_LARGE: 413,
        Failure.CLIENT_STALLED: 408,
        Failure.NO_ENDPOINT: 503,
        Failure.NOT_KEPT: 500,
    }
)
