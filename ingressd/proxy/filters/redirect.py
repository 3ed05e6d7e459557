"""Redirects: of every request of a route, of plain ones to https, and by rewrite targets that are
URLs."""

from __future__ import annotations

from ingressd.proxy.client.answer import Answer, redirect
from ingressd.proxy.client.forwarded import USUAL_SCHEMES
from ingressd.proxy.client.request import Request
from ingressd.proxy.current_table import CurrentTable
from ingressd.proxy.environment import Environment
from ingressd.proxy.filters.filter import Refusal
from ingressd.proxy.settings import ProxySettings
from ingressd.routing.deciding.redirects import (
    Asked,
    Origin,
    Ports,
    https_location,
    location_of,
    redirects_to_https,
)
from ingressd.routing.deciding.rewriting import (
    REWRITE_REDIRECT_STATUS,
    leads_elsewhere,
    rewritten_target,
)
from ingressd.routing.model import Route
from ingressd.routing.patterns import Groups
from ingressd.routing.policy import Policy, Redirect, Rewrite, TlsRedirect

NO_HOST = Answer(400, b"text/plain; charset=utf-8", b"400 Bad Request: no Host to redirect to\n")
"""HTTP/1.0 may come without Host; a Location needs one."""

NO_PATH = Refusal(500)
"""As nginx says of a rewrite that leaves nothing of the path."""


def fixed_redirect(route: Route, environment: Environment) -> FixedRedirectFilter | None:
    """For a route that has nothing else to say."""
    where = route.policy.redirect
    if where is None:
        return None
    return FixedRedirectFilter(route.policy, where, environment.settings, environment.current)


def rewrite_redirect(route: Route, environment: Environment) -> RewriteRedirectFilter | None:
    """For a rewrite target that is a URL."""
    rewrite = route.policy.rewrite
    return RewriteRedirectFilter(rewrite) if rewrite and leads_elsewhere(rewrite) else None


def tls_redirect(route: Route, environment: Environment) -> TlsRedirectFilter | None:
    """For every route that does not opt out."""
    if route.policy.tls_redirect is TlsRedirect.OFF:
        return None
    return TlsRedirectFilter(route.policy, environment.settings, environment.current)


def path_rewrite(route: Route, environment: Environment) -> RewriteFilter | None:
    """For a rewrite target that is a path."""
    rewrite = route.policy.rewrite
    return RewriteFilter(rewrite) if rewrite and not leads_elsewhere(rewrite) else None


class TlsRedirectFilter:
    """Send plain requests to https (ingress-nginx ``ssl-redirect``, ``force-ssl-redirect``)."""

    def __init__(self, policy: Policy, settings: ProxySettings, current: CurrentTable) -> None:
        self._policy = policy
        self._needs_tls = policy.tls_redirect is not TlsRedirect.ALWAYS
        self._has_tls = current.has_tls
        self._settings = settings
        self._current = current

    def __call__(self, request: Request, groups: Groups | None) -> Answer | None:
        """The redirect, or None for a request that goes on."""
        has_tls = self._has_tls(request.host)
        if not has_tls and self._needs_tls:
            return None
        if request.scheme != "http":
            return None
        if not (request.visitor.host or request.host):
            return NO_HOST
        how = self._current.table.global_policy.https_redirect
        if not redirects_to_https(self._policy, request.path, has_tls=has_tls, exempt=how.exempt):
            return None
        return redirect(how.status, https_location(asked(request, self._settings), self._policy))


class FixedRedirectFilter:
    """Send every request elsewhere (ingress-nginx ``permanent-redirect``, ``temporal-redirect``;
    ``app-root`` and ``from-to-www-redirect`` are routes that do so)."""

    def __init__(
        self, policy: Policy, destination: Redirect, settings: ProxySettings, current: CurrentTable
    ) -> None:
        self._policy = policy
        self._destination = destination
        self._settings = settings
        self._current = current

    def __call__(self, request: Request, groups: Groups | None) -> Answer:
        """The redirect."""
        status = self._destination.status
        if self._destination.host:
            status = self._current.table.global_policy.https_redirect.status
        location = location_of(self._destination, asked(request, self._settings), self._policy)
        return redirect(status, location)


def asked(request: Request, settings: ProxySettings) -> Asked:
    """What the Location of a redirect is made from: a URL with http or https, whatever else a proxy
    says that the client spoke."""
    visitor, client = request.visitor, request.client
    authority = request.authority.decode("latin-1")
    here = Origin(client.scheme, authority, request.host)
    scheme = visitor.scheme if visitor.scheme in USUAL_SCHEMES else client.scheme
    origin = Origin(scheme, authority, request.host)
    if visitor.host:
        origin = Origin(scheme, visitor.authority.decode("latin-1"), visitor.host)
    ports = Ports(settings.http_port, settings.https_port)
    return Asked(origin, request.target, ports, visitor.port, here)


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

    def __call__(self, request: Request, groups: Groups | None) -> Refusal | None:
        """Change the target; the query stays as it came."""
        target = rewritten_target(self._rewrite, groups, request.query)
        if not target:
            return NO_PATH
        request.target = target
        return None
