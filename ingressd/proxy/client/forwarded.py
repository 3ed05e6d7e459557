"""What a pod is told about the client."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from ingressd.proxy.headers import RawHeaders
from ingressd.routing.networks import canonical_address

HTTPS_PORT = 443
USUAL_SCHEMES = frozenset({"http", "https"})


class Visitor(Struct, frozen=True):
    """Who asks, as far as it is believed; made once for a connection that is no proxy's.

    ``remote`` is the client's address, ``scheme`` what it spoke: "http" or "https", or another word
    of a believed proxy. ``forwarded`` are the field lines that tell a pod so. ``authority`` and
    ``host`` (normalised) are what it asked for where that is known better than from Host, else
    empty; ``port`` is the one it came to where somebody else knows that, else 0.
    """

    remote: str
    scheme: str
    forwarded: bytes
    authority: bytes = b""
    host: str = ""
    port: int = 0


Witness: TypeAlias = Callable[[Visitor, RawHeaders, dict[bytes, bytes]], Visitor]
"""Tells who asks by the fields of a request, where its sender is a believed proxy: all fields, and
those that we manage, by lower-case name."""


def peer_address(peer: str) -> str:
    """The address of a socket's other end; IPv4 clients of an IPv6 socket are shown as such.

    A zone (RFC 4007) tells our own interfaces apart, and nothing to anybody else.
    """
    address = peer.partition("%")[0]
    return canonical_address(address) or address


def forwarded_lines(remote: str, scheme: str, port: int, addresses: str = "") -> bytes:
    """The fields that tell a pod of the client, with the names and values of ingress-nginx.

    ``addresses`` is the whole way of the request where a pod shall see that.
    """
    return (
        f"X-Real-IP: {remote}\r\nX-Forwarded-For: {addresses or remote}\r\n"
        f"X-Forwarded-Port: {port}\r\nX-Forwarded-Proto: {scheme}\r\n"
        f"X-Forwarded-Scheme: {scheme}\r\nX-Scheme: {scheme}\r\n"
    ).encode("latin-1")


def forwarded_port(scheme: str, http_port: int) -> int:
    """What X-Forwarded-Port says when nobody knows better: 443 on any https port."""
    return HTTPS_PORT if scheme == "https" else http_port
