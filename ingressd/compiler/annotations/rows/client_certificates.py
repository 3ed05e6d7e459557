"""Certificates that clients must show."""

from __future__ import annotations

from ingressd.compiler.annotations.protection import Protects, always, nothing, unless_off
from ingressd.compiler.annotations.row import Row, Scope, Support, Tier

_SECRET = "auth-tls-secret"
_REMEDY = "let the pods demand certificates, then remove the annotation"


def _certificate_row(name: str, summary: str, *, protects: Protects = nothing) -> Row:
    """A row that needs ``auth-tls-secret`` beside it."""
    return Row(
        name=name,
        requires=_SECRET,
        scope=Scope.HOST,
        tier=Tier.EXPECTED,
        summary=summary,
        protects=protects,
        support=Support.NOT_YET,
        instead="the paths answer 503 while client certificates cannot be checked",
        remedy=_REMEDY,
    )


ROWS = (
    Row(
        name=_SECRET,
        scope=Scope.HOST,
        tier=Tier.EXPECTED,
        summary="Secret, namespace/name, with ca.crt (and ca.crl) that client certificates are "
        "checked against; 400 without one. The oldest Ingress of the host decides.",
        protects=always,
        support=Support.NOT_YET,
        remedy=_REMEDY,
    ),
    _certificate_row(
        "auth-tls-verify-client",
        "on (default), off, optional or optional_no_ca.",
        protects=unless_off,
    ),
    _certificate_row("auth-tls-verify-depth", "Longest chain of a client's CAs (default 1)."),
    _certificate_row(
        "auth-tls-pass-certificate-to-upstream",
        "Send the certificate to the pod as ssl-client-cert (default false).",
    ),
    _certificate_row(
        "auth-tls-match-cn",
        "CN=REGEX that the subject of the certificate must match, else 403.",
        protects=always,
    ),
    _certificate_row("auth-tls-error-page", "URL for clients whose certificate is refused."),
)
