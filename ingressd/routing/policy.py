"""Policies: the typed settings of one route, compiled from annotations.

A policy field that is None (or its default) is off and costs the data plane nothing. Annotations
are only one syntax for these: nothing here knows their names.
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class Timeouts(Struct, frozen=True, omit_defaults=True):
    """Seconds. ``read`` and ``send`` bound the gap between two reads or writes, not the whole body.

    A WebSocket or any other upgraded connection may be idle for ``tunnel`` or ``read``, whichever
    is longer.
    """

    connect: float = 5.0
    read: float = 60.0
    send: float = 60.0
    tunnel: float = 3600.0


class Rewrite(Struct, frozen=True):
    """Replace the whole path. ``target`` may hold ``$1``..``$9``, groups of the route's regex.

    A target that starts with ``http://`` or ``https://`` is answered with a 302 instead of proxied.
    """

    target: str


class AffinityMode(Enum):
    """BALANCED hashes a random key over the endpoints; PERSISTENT names one until it goes."""

    BALANCED = "balanced"
    PERSISTENT = "persistent"


class CookieAffinity(Struct, frozen=True, omit_defaults=True):
    """Keep a client on one endpoint with a cookie that is always HttpOnly.

    ``path`` None is the path of the route. ``max_age`` and ``expires`` are seconds. ``secure`` None
    means: where the connection is TLS.
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


class TlsRedirect(Enum):
    """When a plain request is sent to https: never, where the host has TLS, or always."""

    OFF = "off"
    WITH_TLS = "with-tls"
    ALWAYS = "always"


class Policy(Struct, frozen=True, omit_defaults=True):
    """All settings of one route."""

    tls_redirect: TlsRedirect = TlsRedirect.WITH_TLS
    preserve_trailing_slash: bool = False
    rewrite: Rewrite | None = None
    affinity: CookieAffinity | None = None
    timeouts: Timeouts = Timeouts()


DEFAULT_POLICY = Policy()
