"""How TLS and HTTP are spoken with clients."""

from __future__ import annotations

from ingressd.compiler.annotations.elsewhere import drops_ingress
from ingressd.compiler.annotations.row import Row, Scope, Support, Tier
from ingressd.compiler.annotations.values import boolean, openssl_ciphers

ROWS = (
    Row(
        name="ssl-passthrough",
        field="host.passthrough",
        value=boolean(),
        scope=Scope.HOST,
        tier=Tier.EXPECTED,
        summary="Send TLS as it comes to the pods of path / (default false); needs the flag "
        "--enable-ssl-passthrough. No other annotation holds for such connections.",
        elsewhere=drops_ingress,
    ),
    Row(
        name="ssl-ciphers",
        field="host.ciphers",
        value=openssl_ciphers(),
        scope=Scope.HOST,
        tier=Tier.RARE,
        summary="OpenSSL names of the ciphers of TLS 1.2 for the host; the oldest Ingress decides.",
        elsewhere=drops_ingress,
    ),
    Row(
        name="ssl-prefer-server-ciphers",
        field="host.orders_ciphers",
        value=boolean(),
        scope=Scope.HOST,
        tier=Tier.RARE,
        summary="Whether the server's order of ciphers counts, and not the client's "
        "(default false).",
    ),
    Row(
        name="http2-push-preload",
        value=boolean(),
        tier=Tier.RARE,
        summary="HTTP/2 push of what Link headers name.",
        support=Support.NO_OP,
        instead="browsers no longer take part in HTTP/2 push",
        remedy="leave it or remove it",
    ),
)
