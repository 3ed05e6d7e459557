"""Host names as ``spec.rules[].host`` and ``spec.tls[].hosts[]`` may write them."""

from __future__ import annotations

import re

_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*")
_NUMERIC = re.compile(r"[0-9.]+")
_MAX_LENGTH = 253


def read_host(text: str) -> str:
    """The name in lower case, without a trailing dot; ``*.parent`` is a wildcard.

    Raises ValueError with the reason, which completes "host 'x' ...". Kubernetes' rule is RFC 1123
    (validation of ``Ingress.spec.rules[].host``).
    """
    name = text.lower().removesuffix(".")
    if _NAME.fullmatch(name) and len(name) <= _MAX_LENGTH and not _NUMERIC.fullmatch(name):
        return name
    raise ValueError(_reason(name))


def _reason(name: str) -> str:
    scheme, separator, _ = name.partition("://")
    if separator:
        return f"starts with a scheme ({scheme}://); write the name alone"
    if _NUMERIC.fullmatch(name) or ":" in name:
        return "is an address or has a port; only DNS names are allowed"
    if "*" in name:
        return 'has a "*" that is not the whole first label'
    if not name.isascii():
        return "has letters outside ASCII; write it in its xn-- form"
    if len(name) > _MAX_LENGTH:
        return f"is longer than {_MAX_LENGTH} characters"
    return "is not a DNS name"
