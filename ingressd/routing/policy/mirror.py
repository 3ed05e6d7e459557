"""Who gets a copy of each request."""

from __future__ import annotations

from msgspec import Struct


class Mirror(Struct, frozen=True, gc=False, omit_defaults=True):
    """Where copies go. ``url`` is text with variables (see :mod:`ingressd.routing.variables`),
    ``host`` the Host of the copy, "" for that of the URL. Without ``sends_body`` it has no body.
    """

    url: str
    host: str = ""
    sends_body: bool = True
