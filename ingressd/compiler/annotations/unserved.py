"""Annotations without a row: those that protect something, and those that never did anything."""

from __future__ import annotations

import re

from ingressd.compiler.annotations.values import parse_bool

LEGACY_PREFIX = "ingress.kubernetes.io"

PROTECTIVE = frozenset(
    {
        "allowlist-source-range",
        "auth-secret",
        "auth-tls-match-cn",
        "auth-tls-secret",
        "auth-tls-verify-client",
        "auth-type",
        "auth-url",
        "denylist-source-range",
        "enable-modsecurity",
        "enable-owasp-core-rules",
        "limit-connections",
        "limit-rpm",
        "limit-rps",
        "modsecurity-snippet",
        "satisfy",
        "whitelist-source-range",
    }
)
"""Access control, authentication and limits: without them a route would be more open than asked."""

_NEVER_EXISTED = re.compile(
    "session-cookie-hash|secure-backends|ssl-protocols|rate-limit(-window|-burst)?"
    "|websocket-services|enable-websockets|large-client-header-buffers|client-header-buffer-size"
    "|use-forwarded-headers|proxy-set-headers|proxy-buffers|proxy-cache-.*|add-hosts|ssl-verify"
    "|ingress-class|add-base-url|grpc-backend|lua-resty-waf.*|enable-opentracing"
    "|global-rate-limit.*|enable-influxdb|influxdb-.*|secure-verify-ca-secret"
)
_PROTECTIVE_SNIPPET = re.compile(r"\b(deny|allow|auth_\w+|return\s+4\d\d|limit_\w+)\b")


def never_existed(name: str) -> bool:
    """Whether ingress-nginx does not know this name either, though manifests carry it."""
    return _NEVER_EXISTED.fullmatch(name) is not None


def is_protective(name: str, text: str) -> bool:
    """Whether serving the paths without this annotation would open what it closes."""
    if name.endswith("-snippet") and _PROTECTIVE_SNIPPET.search(text):
        return True
    return name in PROTECTIVE and not _is_off(text)


def _is_off(text: str) -> bool:
    try:
        return not parse_bool(text)
    except ValueError:
        return text.strip() == "off"
