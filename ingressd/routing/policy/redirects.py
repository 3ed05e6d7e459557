"""Which requests are sent elsewhere."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class TlsRedirect(Enum):
    """When a plain request is sent to https: never, where the host has TLS, or always."""

    OFF = "off"
    WITH_TLS = "with-tls"
    ALWAYS = "always"


class Redirect(Struct, frozen=True, gc=False, omit_defaults=True):
    """Where every request is sent. ``location`` is a URL, or a path of the host asked for, with the
    port that stands in Host if it ``keeps_port``. With ``host`` it is the same path and query of
    that host instead, and ``status`` is that of redirects to https. That has the port, and no
    trailing slash, as in ingress-nginx; ``as_asked`` it keeps the slash, and has the port only
    where it is not the usual one.
    """

    location: str = ""
    status: int = 302
    host: str = ""
    as_asked: bool = False
    keeps_port: bool = False
