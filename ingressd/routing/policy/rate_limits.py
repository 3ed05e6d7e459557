"""How much one client address may ask for."""

from __future__ import annotations

from msgspec import Struct


class RateLimits(Struct, frozen=True, omit_defaults=True):
    """What one client address may ask of all paths of an Ingress together; 0 is any number.

    Requests beyond ``per_second`` or ``per_minute``, of which ``burst_multiplier`` times as many
    may come ahead of time, are answered ``rate_status``. Those beyond ``connections`` at the same
    time are answered ``connection_status``. Clients in ``exempt`` (networks in CIDR notation) are
    not counted.
    """

    per_second: int = 0
    per_minute: int = 0
    burst_multiplier: int = 5
    connections: int = 0
    exempt: tuple[str, ...] = ()
    rate_status: int = 503
    connection_status: int = 503
