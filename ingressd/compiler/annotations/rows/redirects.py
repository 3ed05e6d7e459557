"""Redirects from http to https."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Row, Scope, Tier
from ingressd.compiler.annotations.values import boolean, switch
from ingressd.routing.policy import TlsRedirect

ROWS = (
    Row(
        name="ssl-redirect",
        field="policy.tls_redirect",
        value=switch(on=TlsRedirect.WITH_TLS, off=TlsRedirect.OFF),
        scope=Scope.PATH,
        tier=Tier.COMMON,
        summary="Redirect http to https where the host has spec.tls (default true).",
    ),
    Row(
        name="force-ssl-redirect",
        field="policy.tls_redirect",
        value=switch(on=TlsRedirect.ALWAYS),
        scope=Scope.PATH,
        tier=Tier.COMMON,
        summary="Redirect http to https even where the host has no spec.tls.",
    ),
    Row(
        name="preserve-trailing-slash",
        field="policy.preserve_trailing_slash",
        value=boolean(),
        scope=Scope.PATH,
        tier=Tier.COMMON,
        summary="Keep the trailing slash in the redirect to https.",
    ),
)
