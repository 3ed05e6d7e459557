"""How HTTP is spoken to pods."""

from __future__ import annotations

from msgspec import Struct


class PodHttp(Struct, frozen=True, gc=False, omit_defaults=True):
    """``version`` is 1.0 or 1.1. ``connection`` is what the Connection field says to pods: close,
    keep-alive, or "" for nothing. Neither changes what is said to ask for an upgrade.
    """

    version: str = "1.1"
    connection: str = ""
