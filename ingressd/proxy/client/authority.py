"""What a client asks for in Host, or in a field that stands in for it (RFC 9112 section 3.2)."""

from __future__ import annotations

import re
from functools import lru_cache

from ingressd.routing.hosts import normalise_host

_AUTHORITY = re.compile(rb"(?:[A-Za-z0-9._-]{1,254}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{0,5}))?")


@lru_cache(maxsize=4096)
def host_of(authority: bytes) -> str | None:
    """The normalised host of a Host field; the same few come again and again."""
    found = _AUTHORITY.fullmatch(authority)
    if authority and (found is None or int(found[1] or 0) > 65535):
        return None
    return normalise_host(authority.decode("latin-1"))
