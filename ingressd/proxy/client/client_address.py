"""Who a client is when it comes through other proxies, and which of those are believed."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from ingressd.proxy.client.authority import host_of
from ingressd.proxy.client.forwarded import (
    HTTPS_PORT,
    USUAL_SCHEMES,
    Visitor,
    forwarded_lines,
    forwarded_port,
)
from ingressd.proxy.client.proxy_protocol import ProxyHeader
from ingressd.proxy.headers import RawHeaders
from ingressd.routing.global_policy import ClientAddress
from ingressd.routing.networks import Networks, canonical_address

_ELEMENT = re.compile(
    rb"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::([0-9]+))?|([0-9A-Fa-f:.]+)"
)  # an address, with or without a port
_WAY = b"x-forwarded-for"
_SCHEME = re.compile(rb"[-!#$%&'*+.^_`|~0-9A-Za-z]{1,32}")  # a token (RFC 9110 section 5.6.2)
_PORT = re.compile(rb"[1-9][0-9]{0,4}")
_HIGHEST_PORT = 65535

REMEMBERED = 4096
"""Visitors that are remembered: most requests come from a client that has just sent another."""

_LONGEST_REMEMBERED = 512  # bytes of claims: what clients send fills no memory


class _Claims(NamedTuple):
    """What a proxy says of a request; b"" where it says nothing.

    ``addresses`` are those that name the client, ``way`` is X-Forwarded-For.
    """

    addresses: bytes
    way: bytes
    scheme: bytes
    port: bytes
    authority: bytes


class Trust:
    """Which peers are believed about the clients they speak for (``proxy-real-ip-cidr``).

    ``http_port`` is what X-Forwarded-Port says of plain connections.
    """

    def __init__(self, policy: ClientAddress, http_port: int) -> None:
        self._networks = Networks(policy.trusted)
        self._believes_all = policy.forwarded_headers
        self._believes_address = policy.real_ip and not policy.proxy_protocol
        self._header = policy.header.lower().encode()
        self._appends = policy.append and policy.forwarded_headers
        self._http_port = http_port
        self._known = lru_cache(REMEMBERED)(self._visitor)

    def arrival(self, peer: str, scheme: str, header: ProxyHeader | None) -> Visitor:
        """Who has opened a connection: the socket's peer, or whom its PROXY header names.

        Without networks every header is believed: the port belongs to the load balancer. A client
        that connected to port 443 there spoke https, as in ingress-nginx.
        """
        remote = peer
        if header and header.source and (not self._networks or self._networks.contains(peer)):
            remote = header.source
            if header.destination_port == HTTPS_PORT:
                scheme = "https"
        port = forwarded_port(scheme, self._http_port)
        return Visitor(remote, scheme, forwarded_lines(remote, scheme, port))

    def believes(self, peer: str) -> bool:
        """Whether any field of requests from an address is believed."""
        believes = self._believes_all or self._believes_address
        return believes and self._networks.contains(peer)

    def visitor(self, sender: Visitor, raw: RawHeaders, fields: dict[bytes, bytes]) -> Visitor:
        """Who asks, by the fields of a request from a ``sender`` that is believed.

        ``fields`` are those of ``raw`` that we manage, by lower-case name. What is malformed counts
        as absent. Proto, Port and Host are believed as the first proxy wrote them, if at all.
        """
        way = fields.get(_WAY, b"")
        addresses = way if self._header == _WAY else _joined(raw, self._header)
        if not self._believes_all:
            fields = {}
        claims = _Claims(
            addresses,
            way if self._appends else b"",
            fields.get(b"x-forwarded-proto", b""),
            fields.get(b"x-forwarded-port", b""),
            fields.get(b"x-forwarded-host", b""),
        )
        is_short = sum(map(len, claims)) <= _LONGEST_REMEMBERED
        return self._known(sender, claims) if is_short else self._visitor(sender, claims)

    def _visitor(self, sender: Visitor, claims: _Claims) -> Visitor:
        remote = self._client(claims.addresses) or sender.remote
        scheme = _scheme(_first(claims.scheme)) or sender.scheme
        port = _port(_first(claims.port))
        way = _whole_way(claims.way, sender) if self._appends else remote
        spoken = scheme if scheme in USUAL_SCHEMES else sender.scheme
        lines = forwarded_lines(
            remote, scheme, port or forwarded_port(spoken, self._http_port), way
        )
        authority = _first(claims.authority)
        host = host_of(authority) if authority else None
        if host is None:
            return Visitor(remote, scheme, lines, port=port)
        return Visitor(remote, scheme, lines, authority, host, port)

    def _client(self, addresses: bytes) -> str:
        """The right-most address that is not believed itself, "" if there is none at all.

        What stands left of it, or of anything malformed, may have been written by anybody. Where
        all are believed it is the left-most (nginx ``real_ip_recursive``).
        """
        found = ""
        for element in reversed(addresses.split(b",")):
            if not (text := element.strip(b" \t")):
                continue
            address = _address(text)
            if address is None:
                break
            found = address
            if not self._networks.contains(address):
                break
        return found


def _whole_way(passed: bytes, sender: Visitor) -> str:
    """Every address that a request has passed (``compute-full-forwarded-for``)."""
    return f"{passed.decode('latin-1')}, {sender.remote}" if passed else sender.remote


def _joined(raw: RawHeaders, wanted: bytes) -> bytes:
    """All instances of a field, as one list (RFC 9110 section 5.3)."""
    return b",".join(value for name, value in raw if name.lower() == wanted)


def _first(elements: bytes) -> bytes:
    """The first element of a list, b"" if there is none."""
    return elements.partition(b",")[0].strip(b" \t")


def _scheme(text: bytes) -> str:
    """A scheme, "" for what is none: http and https in lower case, others as they were written."""
    if not _SCHEME.fullmatch(text):
        return ""
    scheme = text.decode()
    return scheme.lower() if scheme.lower() in USUAL_SCHEMES else scheme


def _port(text: bytes) -> int:
    """A port, 0 for what is none."""
    port = int(text) if _PORT.fullmatch(text) else 0
    return port if port <= _HIGHEST_PORT else 0


def _address(element: bytes) -> str | None:
    """The address in one element, as some write it with a port; None for all other forms.

    Such as "unknown", "_hidden", quoted ones, or those with a zone.
    """
    parts = _ELEMENT.fullmatch(element)
    if parts is None or (parts[3] and not _port(parts[3])):
        return None
    return canonical_address((parts[1] or parts[2] or parts[4]).decode())
