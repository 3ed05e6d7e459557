"""TLS with pods: whom ingressd trusts, and what it shows."""

from __future__ import annotations

from ingressd.compiler.annotations.protection import Protects, always, nothing, unless_off
from ingressd.compiler.annotations.row import Row, Scope, Support, Tier

_SECRET = "proxy-ssl-secret"


def _pod_tls_row(name: str, tier: Tier, summary: str, *, protects: Protects = nothing) -> Row:
    """A row that needs ``proxy-ssl-secret`` beside it."""
    return Row(
        name=name,
        requires=_SECRET,
        scope=Scope.HOST,
        tier=tier,
        summary=summary,
        protects=protects,
        support=Support.NOT_YET,
        instead="the paths answer 503 while pods cannot be spoken to in TLS",
    )


ROWS = (
    Row(
        name=_SECRET,
        scope=Scope.HOST,
        tier=Tier.EXPECTED,
        summary="Secret, namespace/name: tls.crt and tls.key are shown to pods, ca.crt is trusted.",
        # Pods would be sent in the clear what was meant for them alone.
        protects=always,
        support=Support.NOT_YET,
        remedy="give the pods a port that speaks HTTP, then remove the annotation",
    ),
    _pod_tls_row(
        "proxy-ssl-verify",
        Tier.EXPECTED,
        "Check the certificate of the pod: on or off (default).",
        protects=unless_off,
    ),
    _pod_tls_row("proxy-ssl-verify-depth", Tier.EXPECTED, "Longest chain of its CAs (default 1)."),
    _pod_tls_row(
        "proxy-ssl-name", Tier.EXPECTED, "Name to check and to ask for, instead of the address."
    ),
    _pod_tls_row(
        "proxy-ssl-server-name", Tier.EXPECTED, "Ask for that name (SNI): on or off (default)."
    ),
    _pod_tls_row("proxy-ssl-ciphers", Tier.RARE, "OpenSSL names of the ciphers."),
    _pod_tls_row("proxy-ssl-protocols", Tier.RARE, "TLS versions (default TLSv1.2)."),
)
