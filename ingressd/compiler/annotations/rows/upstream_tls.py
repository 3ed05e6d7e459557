"""TLS with pods: whom ingressd trusts, and what it shows."""

from __future__ import annotations

from ingressd.compiler.annotations.protection import Protects, always, nothing, unless_off
from ingressd.compiler.annotations.referents import pod_tls_of
from ingressd.compiler.annotations.row import (
    Directives,
    Modified,
    Row,
    Scope,
    Tier,
    nothing_lacking,
)
from ingressd.compiler.annotations.values import Parser, integer, matching, object_name, on_or_off

_SECRET = "proxy-ssl-secret"
_KNOWN = frozenset({"SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"})
_SPOKEN = ("TLSv1.2", "TLSv1.3")


def _versions(text: str) -> tuple[str, ...] | None:
    words = set(text.split())
    if not words or words - _KNOWN:
        raise ValueError("not TLS versions")
    return tuple(version for version in _SPOKEN if version in words) or None


def _old_versions(text: str) -> str:
    old = sorted(set(text.split()) - set(_SPOKEN))
    return f"{' and '.join(old)} {'are' if old[1:] else 'is'} not spoken" if old else ""


def _is_verified(directives: Directives) -> bool:
    tls = directives.policy.pod_tls
    return tls is not None and tls.verify


def _is_named(directives: Directives) -> bool:
    tls = directives.policy.pod_tls
    return tls is not None and (tls.verify or tls.sends_name)


_MODIFIES = {
    "depth": Modified("`proxy-ssl-verify: on`", _is_verified),
    "name": Modified("`proxy-ssl-verify: on` or `proxy-ssl-server-name: on`", _is_named),
}


def _pod_tls_row(
    name: str, field: str, value: Parser, tier: Tier, summary: str, *, protects: Protects = nothing
) -> Row:
    """A row that needs ``proxy-ssl-secret`` beside it."""
    return Row(
        name=name,
        requires=_SECRET,
        field=f"policy.pod_tls.{field}",
        value=value,
        scope=Scope.HOST,
        tier=tier,
        summary=summary,
        protects=protects,
        modifies=_MODIFIES.get(field),
        lacks=_old_versions if field == "versions" else nothing_lacking,
    )


ROWS = (
    Row(
        name=_SECRET,
        field="policy.pod_tls",
        value=object_name(),
        refers=pod_tls_of,
        scope=Scope.HOST,
        tier=Tier.EXPECTED,
        summary="Secret, namespace/name: tls.crt and tls.key are shown to pods, ca.crt is trusted. "
        "Ingresses of the same host and namespace that speak TLS to pods, and have none, use the "
        "oldest.",
        # Pods would not know us, or we not them.
        protects=always,
    ),
    _pod_tls_row(
        "proxy-ssl-verify",
        "verify",
        on_or_off(),
        Tier.EXPECTED,
        "Check the certificate of the pod: on or off (default).",
        protects=unless_off,
    ),
    _pod_tls_row(
        "proxy-ssl-verify-depth",
        "depth",
        integer(at_least=1),
        Tier.EXPECTED,
        "Certificates between that of the pod and that of its CA, at most (default 1).",
    ),
    _pod_tls_row(
        "proxy-ssl-name",
        "name",
        matching(r"[-._a-zA-Z0-9]+|[0-9a-fA-F:.]+", "a DNS name or an address"),
        Tier.EXPECTED,
        "Name to check and to ask for (default SERVICE.NAMESPACE.svc, or the name of an "
        "ExternalName Service).",
    ),
    _pod_tls_row(
        "proxy-ssl-server-name",
        "sends_name",
        on_or_off(),
        Tier.EXPECTED,
        "Ask for that name (SNI): on or off (default).",
    ),
    _pod_tls_row(
        "proxy-ssl-ciphers",
        "ciphers",
        matching(r"[A-Za-z0-9+:_!-]+", "OpenSSL names of ciphers, separated by colons"),
        Tier.RARE,
        "OpenSSL names of the ciphers of TLS 1.2.",
    ),
    _pod_tls_row(
        "proxy-ssl-protocols",
        "versions",
        Parser("TLS versions such as TLSv1.2 TLSv1.3", _versions),
        Tier.RARE,
        "TLS versions, of TLSv1.2 and TLSv1.3 (default both).",
    ),
)
