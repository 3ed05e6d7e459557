"""Which clients stay with an endpoint."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class AffinityMode(Enum):
    """BALANCED hashes a random key over the endpoints; PERSISTENT names one until it goes."""

    BALANCED = "balanced"
    PERSISTENT = "persistent"


class CookieAffinity(Struct, frozen=True, omit_defaults=True):
    """Keep a client on one endpoint with a cookie that is always HttpOnly.

    ``path`` None is the path of the route. ``max_age`` and ``expires`` are seconds. ``secure`` None
    means: where the connection is TLS. ``spares_old_browsers``: those that misread SameSite=None
    get none.
    """

    name: str = "INGRESSCOOKIE"
    mode: AffinityMode = AffinityMode.BALANCED
    path: str | None = None
    domain: str = ""
    max_age: int | None = None
    expires: int | None = None
    same_site: str = ""
    secure: bool | None = None
    change_on_failure: bool = False
    spares_old_browsers: bool = False
