"""Which path a pod is asked for."""

from __future__ import annotations

from msgspec import Struct


class Rewrite(Struct, frozen=True):
    """Replace the whole path. ``target`` may hold ``$1``..``$9``, groups of the route's regex.

    A target that starts with ``http://`` or ``https://`` is answered with a 302 instead of proxied.
    """

    target: str
