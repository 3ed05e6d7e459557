"""What happens to a request once its route is known: refused, redirected, forwarded, 503 or 404."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from ingressd.routing.hosts import wildcard_of
from ingressd.routing.matcher import Match
from ingressd.routing.model import Route, Upstream
from ingressd.routing.policy import CookieAffinity, Policy, TlsRedirect
from ingressd.routing.reasons import describe_host
from ingressd.routing.redirects import (
    HTTPS_PORT,
    TLS_REDIRECT_STATUS,
    https_location,
    redirects_to_https,
)
from ingressd.routing.rewriting import REWRITE_REDIRECT_STATUS, leads_elsewhere, rewritten_target
from ingressd.routing.table import Table


class Query(Struct, frozen=True, omit_defaults=True):
    """A request to explain. ``path`` and ``query`` are raw, as they stand in the request line.

    ``server_name`` is what the client sends with SNI: None for the host, "" for nothing.
    ``https_port`` is where https is served, which a redirect names unless it is 443.
    """

    host: str
    path: str
    query: str = ""
    method: str = "GET"
    scheme: str = "http"
    headers: tuple[tuple[str, str], ...] = ()
    server_name: str | None = None
    https_port: int = HTTPS_PORT

    @property
    def target(self) -> str:
        """Path and query as they were written."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def cookie(self, name: str) -> str | None:
        """The value of a cookie the request carries."""
        pairs = (
            pair.strip().partition("=")
            for field, value in self.headers
            if field.lower() == "cookie"
            for pair in value.split(";")
        )
        return next((value for key, _, value in pairs if key == name), None)


class Action(Enum):
    """What becomes of a request."""

    REFUSE = "refuse"
    REDIRECT = "redirect"
    FORWARD = "forward"
    UNAVAILABLE = "unavailable"
    NOT_FOUND = "not-found"


class Outcome(Struct, frozen=True, omit_defaults=True):
    """What happens and why. ``status`` is ours; 0 when the pod's own answer passes through.

    ``location`` is where a redirect leads, ``forwarded`` the request target a pod gets.
    ``upstream`` is what stands behind the route, even where a redirect comes before it.
    """

    action: Action
    status: int
    reason: str
    location: str = ""
    forwarded: str = ""
    balancing: str = ""
    upstream: Upstream | None = None


def refused(query: Query, *, bad_host: bool) -> Outcome:
    """The answer to a request whose host or path cannot be read."""
    reason = (
        f"{query.host!r} is not a valid host"
        if bad_host
        else f"{query.path!r} is not a valid path: it leads above /, or holds a broken % or a NUL"
    )
    return Outcome(Action.REFUSE, 400, reason)


def decide(
    table: Table, query: Query, match: Match[Route] | None, *, host: str, path: str
) -> Outcome:
    """What happens to a request that ``match`` took; ``host`` and ``path`` are normalised."""
    if match is None:
        return Outcome(Action.NOT_FOUND, 404, "no host, path or default backend takes the request")
    upstream = _upstream(table, match.target)
    redirect = _redirect(table, query, match, host=host, path=path)
    if redirect is not None:
        location, status, reason = redirect
        return Outcome(Action.REDIRECT, status, reason, location=location, upstream=upstream)
    if upstream is None or not upstream.endpoints:
        return Outcome(
            Action.UNAVAILABLE, 503, _why_unavailable(match.target, upstream), upstream=upstream
        )
    return Outcome(
        Action.FORWARD,
        0,
        "the rule leads there and an endpoint is ready; the answer is the pod's own",
        forwarded=_forwarded(query, match),
        balancing=_balancing(query, match.target.policy.affinity, upstream),
        upstream=upstream,
    )


def _upstream(table: Table, route: Route) -> Upstream | None:
    return table.upstreams.get(route.backend.upstream) if route.backend else None


def _redirect(
    table: Table, query: Query, match: Match[Route], *, host: str, path: str
) -> tuple[str, int, str] | None:
    """Location, status and reason, when the request is sent elsewhere before any pod is asked."""
    policy = match.target.policy
    if policy.rewrite is not None and leads_elsewhere(policy.rewrite):
        location = rewritten_target(policy.rewrite, match.groups, query.query)
        return location, REWRITE_REDIRECT_STATUS, "the rewrite target is a URL, not a path"
    has_tls = table.has_tls(host)
    if query.scheme == "https" or not redirects_to_https(policy, path, has_tls=has_tls):
        return None
    location = https_location(host, query.target, policy, port=query.https_port)
    return location, TLS_REDIRECT_STATUS, _why_redirected(table, policy, host)


def _why_redirected(table: Table, policy: Policy, host: str) -> str:
    if policy.tls_redirect is TlsRedirect.ALWAYS:
        return "the route asks for https always, with or without a certificate"
    serving = table.find_host(host)
    if serving is not None and serving.has_tls:
        return (
            f"an Ingress of {describe_host(serving.name)} has spec.tls; the rule does not opt out"
        )
    return f"{wildcard_of(host)} has spec.tls, which counts for {host}; the rule does not opt out"


def _why_unavailable(route: Route, upstream: Upstream | None) -> str:
    if route.backend is None:
        return "the rule names no Service that ingressd can send to"
    if upstream is None:
        return f"nothing is known of {route.backend.upstream}"
    return upstream.unavailable or f"{upstream.key} has no endpoint that is ready"


def _forwarded(query: Query, match: Match[Route]) -> str:
    rewrite = match.target.policy.rewrite
    if rewrite is None:
        return query.target
    return rewritten_target(rewrite, match.groups, query.query)


def _balancing(query: Query, affinity: CookieAffinity | None, upstream: Upstream) -> str:
    if affinity is not None:
        if query.cookie(affinity.name) is None:
            return f"any endpoint; the answer sets the cookie {affinity.name}, which then decides"
        return f"the cookie {affinity.name} decides ({affinity.mode.value} affinity)"
    if upstream.client_ip_timeout:
        return f"by client address, kept for {upstream.client_ip_timeout} s (sessionAffinity)"
    return "round robin"
