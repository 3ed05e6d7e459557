"""How fast answers are sent."""

from __future__ import annotations

from msgspec import Struct


class Bandwidth(Struct, frozen=True, omit_defaults=True):
    """A client gets ``rate`` bytes a second of one answer once it has had ``after`` bytes of it.

    A rate of 0 is no limit.
    """

    rate: int = 0
    after: int = 0
