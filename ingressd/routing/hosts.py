"""Host names as requests send them, in the form in which the table knows them."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address

_PLAIN = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_LABEL = r"(?:[a-z0-9_~!$&'()*+,;=-]|%[0-9a-f]{2})+"
_REG_NAME = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*\.?)?")
_AUTHORITY = re.compile(r"(\[[^\]]*\]|[^:]*)(?::[0-9]*)?")


def normalise_host(text: str) -> str | None:
    """A Host field or authority in lower case, without port and trailing dot; None when invalid.

    RFC 9110 section 7.2 wants 400 for an invalid one; what is valid is RFC 3986's ``host`` with no
    empty label and no IPvFuture. An IPv6 literal keeps its brackets. "" (a Host field may be empty)
    stays "".
    """
    if _PLAIN.fullmatch(text):
        return text
    parts = _AUTHORITY.fullmatch(text.lower())
    if parts is None:
        return None
    name = parts[1]
    if name.startswith("["):
        return name if _is_ipv6(name[1:-1]) else None
    return name.removesuffix(".") if _REG_NAME.fullmatch(name) else None


def wildcard_of(name: str) -> str:
    """The wildcard host that covers ``name``: "*.b.c" for "a.b.c", "" where it has no parent."""
    _, dot, parent = name.partition(".")
    return f"*.{parent}" if dot else ""


def is_wildcard(name: str) -> bool:
    """Whether a host of the table stands for one label before a parent: ``*.parent``."""
    return name.startswith("*.")


def _is_ipv6(literal: str) -> bool:
    if "%" in literal:  # a zone identifier means nothing to a server
        return False
    try:
        IPv6Address(literal)
    except AddressValueError:
        return False
    return True
