"""Answers that send the client elsewhere."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Row, Scope, Support, Tier
from ingressd.compiler.annotations.values import boolean, switch
from ingressd.routing.policy import TlsRedirect

ROWS = (
    Row(
        name="ssl-redirect",
        field="policy.tls_redirect",
        value=switch(on=TlsRedirect.WITH_TLS, off=TlsRedirect.OFF),
        tier=Tier.COMMON,
        summary="Redirect http to https where the host has spec.tls (default true).",
    ),
    Row(
        name="force-ssl-redirect",
        field="policy.tls_redirect",
        value=switch(on=TlsRedirect.ALWAYS),
        tier=Tier.COMMON,
        summary="Redirect http to https even where the host has no spec.tls.",
    ),
    Row(
        name="preserve-trailing-slash",
        field="policy.preserve_trailing_slash",
        value=boolean(),
        tier=Tier.COMMON,
        summary="Keep the trailing slash in the redirect to https.",
    ),
    Row(
        name="use-port-in-redirects",
        tier=Tier.RARE,
        summary="Name the https port in the redirect to https (default false).",
        support=Support.NOT_YET,
        instead="the redirect names no port",
        remedy="serve https on port 443",
        usual="false",
    ),
    Row(
        name="app-root",
        scope=Scope.HOST,
        tier=Tier.COMMON,
        summary="Path that / of the host is sent to, with 302.",
        support=Support.NOT_YET,
        instead="/ goes to the pods like any other path",
        remedy="let the application redirect /",
    ),
    Row(
        name="permanent-redirect",
        tier=Tier.COMMON,
        summary="URL that every request is sent to, with 301; path and query are not appended.",
        support=Support.NOT_YET,
        instead="requests go to the backend",
        remedy="let the backend answer with the redirect",
    ),
    Row(
        name="permanent-redirect-code",
        requires="permanent-redirect",
        tier=Tier.COMMON,
        summary="Status of permanent-redirect, 300 to 308 (default 301).",
        support=Support.NOT_YET,
    ),
    Row(
        name="temporal-redirect",
        tier=Tier.COMMON,
        summary="URL that every request is sent to, with 302; wins over permanent-redirect.",
        support=Support.NOT_YET,
        instead="requests go to the backend",
        remedy="let the backend answer with the redirect",
    ),
    Row(
        name="temporal-redirect-code",
        requires="temporal-redirect",
        tier=Tier.COMMON,
        summary="Status of temporal-redirect, 300 to 307 (default 302).",
        support=Support.NOT_YET,
    ),
    Row(
        name="from-to-www-redirect",
        scope=Scope.HOST,
        tier=Tier.COMMON,
        summary="Send www.HOST to HOST, or the other way round, with 308.",
        support=Support.NOT_YET,
        instead="the other name gets the default backend",
        remedy="write a rule for the other name, and let the application redirect",
        usual="false",
    ),
    Row(
        name="relative-redirects",
        tier=Tier.RARE,
        summary="Location of redirects without scheme and host (default false).",
        support=Support.NOT_YET,
        instead="redirects name scheme and host",
        remedy="remove it: clients understand both",
        usual="false",
    ),
)
