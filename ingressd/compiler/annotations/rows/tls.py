"""How TLS and HTTP are spoken with clients."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Row, Scope, Support, Tier

ROWS = (
    Row(
        name="ssl-passthrough",
        scope=Scope.HOST,
        tier=Tier.EXPECTED,
        summary="Send TLS as it comes to the Service of path / (default false).",
        support=Support.NOT_YET,
        instead="TLS ends at ingressd, and pods are spoken to in plain HTTP",
        remedy="give the Ingress spec.tls, and the pods a port that speaks HTTP",
        usual="false",
    ),
    Row(
        name="ssl-ciphers",
        scope=Scope.HOST,
        tier=Tier.RARE,
        summary="OpenSSL names of the ciphers for the host; the oldest Ingress decides.",
        support=Support.NOT_YET,
        instead="the ciphers of ingressd are used",
        remedy="remove it",
    ),
    Row(
        name="ssl-prefer-server-ciphers",
        scope=Scope.HOST,
        tier=Tier.RARE,
        summary="Whether the order of the server's ciphers counts.",
        support=Support.NOT_YET,
        instead="ingressd's own order is used",
        remedy="remove it",
    ),
    Row(
        name="http2-push-preload",
        tier=Tier.RARE,
        summary="HTTP/2 push of what Link headers name.",
        support=Support.NO_OP,
        instead="browsers no longer take part in HTTP/2 push",
        remedy="leave it or remove it",
    ),
)
