"""When a plain request is sent to https, and where to; the data plane and explain share this."""

from __future__ import annotations

from ingressd.routing.policy import Policy, TlsRedirect

TLS_REDIRECT_STATUS = 308
HTTPS_PORT = 443
ACME_CHALLENGE = "/.well-known/acme-challenge"
"""Never redirected (ingress-nginx ``no-tls-redirect-locations``): authorities ask over http."""


def redirects_to_https(policy: Policy, path: str, *, has_tls: bool) -> bool:
    """Whether a plain request for a normalised path is redirected.

    ``has_tls`` is :meth:`ingressd.routing.table.Table.has_tls` of the host asked for.
    """
    if policy.tls_redirect is TlsRedirect.OFF or path.startswith(ACME_CHALLENGE):
        return False
    return has_tls or policy.tls_redirect is TlsRedirect.ALWAYS


def https_location(host: str, target: str, policy: Policy, *, port: int = HTTPS_PORT) -> str:
    """The Location for a request target (raw path and query) of a host without port.

    A trailing "/" goes away unless the policy keeps it, as in ingress-nginx.
    """
    if not policy.preserve_trailing_slash:
        target = target.removesuffix("/")
    authority = host if port == HTTPS_PORT else f"{host}:{port}"
    return f"https://{authority}{target}"
