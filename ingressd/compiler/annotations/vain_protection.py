"""Protections of all routes that the ConfigMap asks for in vain: whom they close.

It is everybody, but those whose Ingress says itself what is to be there instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from ingressd.compiler.annotations.row import Directives


class _Replacement(NamedTuple):
    """Whose routes do without a key of the ConfigMap: in words, and for directives."""

    whose: str
    is_there: Callable[[Directives], bool]


def closes(directives: Directives) -> bool:
    """Whether routes with these directives would be too open without what ``lacking`` names. A
    canary has none: who comes to it has come through a route of another Ingress."""
    if directives.canary is not None:
        return False
    return any(not _is_replaced(key, directives) for key in directives.lacking)


def who_does_without(key: str) -> str:
    """Which routes stay open without what a key of the ConfigMap says, "" for none."""
    return _REPLACED[key].whose if key in _REPLACED else ""


def _is_replaced(key: str, directives: Directives) -> bool:
    return key in _REPLACED and _REPLACED[key].is_there(directives)


def _has_allowlist(directives: Directives) -> bool:
    return bool(directives.policy.access.allow)


def _has_denylist(directives: Directives) -> bool:
    return bool(directives.policy.access.deny)


def _has_any_list(directives: Directives) -> bool:
    return _has_allowlist(directives) or _has_denylist(directives)


def _asks_nobody_or_another(directives: Directives) -> bool:
    return directives.external_auth is not None or not directives.uses_global_auth


_OTHER_SERVICE = _Replacement(
    'those of an Ingress with auth-url or enable-global-auth: "false"', _asks_nobody_or_another
)

_REPLACED: Mapping[str, _Replacement] = MappingProxyType(
    {
        "whitelist-source-range": _Replacement(
            "those of an Ingress with allowlist-source-range", _has_allowlist
        ),
        "denylist-source-range": _Replacement(
            "those of an Ingress with denylist-source-range", _has_denylist
        ),
        "block-cidrs": _Replacement(
            "those with an allowlist or a denylist, be it that of all Ingresses", _has_any_list
        ),
        "global-auth-url": _OTHER_SERVICE,
        "global-auth-response-headers": _OTHER_SERVICE,
    }
)
