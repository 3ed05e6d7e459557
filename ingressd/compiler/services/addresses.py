"""Which addresses a request may be sent to."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address


def address_fault(text: str, *, allow_local: bool) -> str:
    """Why an endpoint's address is refused, or "".

    Loopback and link-local addresses would lead to this machine and its metadata service; they are
    allowed where the objects come from files. Completes "address x is ...".
    """
    try:
        address = ip_address(text)
    except ValueError:
        return "not an IP address"
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return _fault(mapped or address, allow_local=allow_local)


def _fault(address: IPv4Address | IPv6Address, *, allow_local: bool) -> str:
    if address.is_unspecified:
        return "the unspecified address"
    if address.is_multicast:
        return "a multicast address"
    if allow_local:
        return ""
    if address.is_loopback:
        return "a loopback address"
    if address.is_link_local:
        return "a link-local address"
    return ""
