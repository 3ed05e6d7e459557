"""An address that may be an endpoint of a cluster and answers at once: that nobody listens."""

from __future__ import annotations

import socket

_ELSEWHERE = "192.0.2.1"  # RFC 5737; nothing is sent there


def refusing_address() -> str:
    """Our own beyond loopback, or one to which there is no way: either fails without a wait."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((_ELSEWHERE, 9))
        except OSError:
            return _ELSEWHERE
        return str(probe.getsockname()[0])
