"""How long a pod may take."""

from __future__ import annotations

from msgspec import Struct


class Timeouts(Struct, frozen=True, omit_defaults=True):
    """Seconds. ``read`` and ``send`` bound the gap between two reads or writes, not the whole body.

    A WebSocket or any other upgraded connection may be idle for ``tunnel``: an hour, or ``read``
    where that is written.
    """

    connect: float = 5.0
    read: float = 60.0
    send: float = 60.0
    tunnel: float = 3600.0
