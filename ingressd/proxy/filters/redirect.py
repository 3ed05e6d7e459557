"""Redirects: plain requests to https, and rewrite targets that are URLs."""

from __future__ import annotations

from collections.abc import Callable

from ingressd.proxy.client.answer import Answer, redirect
from ingressd.proxy.client.request import Request
from ingressd.routing.patterns import Groups
from ingressd.routing.policy import Policy, Rewrite, TlsRedirect
from ingressd.routing.redirects import (
    TLS_REDIRECT_STATUS,
    https_location,
    redirects_to_https,
)
from ingressd.routing.rewriting import REWRITE_REDIRECT_STATUS, rewritten_target

NO_HOST = Answer(400, b"text/plain; charset=utf-8", b"400 Bad Request: no Host to redirect to\n")
"""HTTP/1.0 may come without Host; a Location needs one."""


class TlsRedirectFilter:
    """Send plain requests to https (ingress-nginx ``ssl-redirect``, ``force-ssl-redirect``).

    ``has_tls`` asks the table of the moment; ``port`` is what the Location names unless it is 443.
    """

    def __init__(self, policy: Policy, has_tls: Callable[[str], bool], port: int) -> None:
        self._policy = policy
        self._needs_tls = policy.tls_redirect is not TlsRedirect.ALWAYS
        self._has_tls = has_tls
        self._port = port

    def __call__(self, request: Request, groups: Groups | None) -> Answer | None:
        """The redirect, or None for a request that goes on."""
        if request.client.scheme == "https":
            return None
        if not request.host:
            return NO_HOST
        has_tls = self._has_tls(request.host)
        if not has_tls and self._needs_tls:
            return None
        if not redirects_to_https(self._policy, request.path, has_tls=has_tls):
            return None
        location = https_location(request.host, request.target, self._policy, port=self._port)
        return redirect(TLS_REDIRECT_STATUS, location)


class RewriteRedirectFilter:
    """A ``rewrite-target`` that is a URL sends the client there."""

    def __init__(self, rewrite: Rewrite) -> None:
        self._rewrite = rewrite

    def __call__(self, request: Request, groups: Groups | None) -> Answer | None:
        """The redirect."""
        location = rewritten_target(self._rewrite, groups, request.query)
        return redirect(REWRITE_REDIRECT_STATUS, location)


class RewriteFilter:
    """Replace the path the pod is asked for (ingress-nginx ``rewrite-target``)."""

    def __init__(self, rewrite: Rewrite) -> None:
        self._rewrite = rewrite

    def __call__(self, request: Request, groups: Groups | None) -> Answer | None:
        """Change the target; the query stays as it came."""
        request.target = rewritten_target(self._rewrite, groups, request.query)
        return None
