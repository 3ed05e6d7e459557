"""What happens to a request once its route is known: refused, redirected, forwarded, 503 or 404."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from functools import partial
from urllib.parse import quote

from msgspec import Struct, structs

from ingressd.routing.deciding.access import AddressRules, always_asks_for_password, needs_no_auth
from ingressd.routing.deciding.blocking import Blocklist
from ingressd.routing.deciding.conditions import Denials, RedirectRules
from ingressd.routing.deciding.cors import PREFLIGHT_STATUS, origin_check
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
from ingressd.routing.deciding.signin import SIGNIN_STATUS, signin_template
from ingressd.routing.explaining.canary_choice import choose_canary
from ingressd.routing.explaining.reasons import describe_host
from ingressd.routing.global_policy import Blocklists
from ingressd.routing.hosts import wildcard_of
from ingressd.routing.matcher import Match
from ingressd.routing.model import Route, Upstream
from ingressd.routing.patterns import Groups
from ingressd.routing.policy import (
    Condition,
    CookieAffinity,
    Cors,
    LoadBalance,
    Policy,
    Redirect,
    TlsRedirect,
    Trait,
)
from ingressd.routing.table import Table
from ingressd.routing.variables import as_url

_NOBODYS = "no host, path or default backend takes the request"


class Query(Struct, frozen=True, omit_defaults=True):
    """A request to explain. ``path`` and ``query`` are raw, as they stand in the request line.

    ``server_name`` is what the client sends with SNI: None for the host, "" for nothing.
    ``ports`` are where ingressd serves.
    """

    host: str
    path: str
    query: str = ""
    method: str = "GET"
    scheme: str = "http"
    headers: tuple[tuple[str, str], ...] = ()
    server_name: str | None = None
    ports: Ports = Ports()

    @property
    def target(self) -> str:
        """Path and query as they were written."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def header(self, name: str) -> str | None:
        """The value of a header field the request carries; None where it has none or several."""
        values = [value for field, value in self.headers if field.lower() == name]
        return values[0] if len(values) == 1 else None

    def joined(self, name: str) -> str | None:
        """All values of a header field, as nginx's variables give them."""
        values = [value for field, value in self.headers if field.lower() == name]
        return ", ".join(values) if values else None

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
    ANSWER = "answer"
    REDIRECT = "redirect"
    FORWARD = "forward"
    UNAVAILABLE = "unavailable"
    NOT_FOUND = "not-found"


class Outcome(Struct, frozen=True, omit_defaults=True):
    """What happens and why. ``status`` is ours; 0 when the pod's own answer passes through.

    ``location`` is where a redirect leads, ``forwarded`` the request target a pod gets.
    ``canary`` says why it is that upstream, of those of the route. ``upstream`` is what stands
    behind the route, even where a redirect comes before it.
    """

    action: Action
    status: int
    reason: str
    location: str = ""
    forwarded: str = ""
    balancing: str = ""
    canary: str = ""
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
        return Outcome(Action.NOT_FOUND, 404, _NOBODYS)
    upstream = _upstream(table, match.target)
    if _is_blocked(table.global_policy.blocklists, query):
        reason = "the ConfigMap blocks its User-Agent or Referer"
        return Outcome(Action.REFUSE, 403, reason, upstream=upstream)
    if denied := Denials(match.target.policy.denied).status(path):
        return Outcome(Action.REFUSE, denied, "the rule denies the path", upstream=upstream)
    if _is_preflight(match.target.policy.cors, query):
        reason = "a question about cross-origin requests, which ingressd answers for the pods"
        return Outcome(Action.ANSWER, PREFLIGHT_STATUS, reason, upstream=upstream)
    redirect = _redirect(table, query, match, host=host, path=path)
    if redirect is not None:
        location, status, reason = redirect
        return Outcome(Action.REDIRECT, status, reason, location=location, upstream=upstream)
    forwarded = _forwarded(query, match)
    if not forwarded:
        return Outcome(Action.REFUSE, 500, "the rewrite leaves nothing of the path")
    has_endpoint = upstream is not None and upstream.endpoints
    if not has_endpoint and not match.target.leads_nowhere:
        return Outcome(
            Action.UNAVAILABLE, 503, _why_unavailable(match.target, upstream), upstream=upstream
        )
    if always_asks_for_password(match.target) and query.header("authorization") is None:
        unknown = _without_password(query, match, host=host, path=path)
        return structs.replace(unknown, upstream=upstream)
    if upstream is None:
        return Outcome(Action.NOT_FOUND, 404, f"{_NOBODYS}{_only_if(table, match.target)}")
    return _led_on(table, query, match, upstream, forwarded)


def _led_on(
    table: Table, query: Query, match: Match[Route], upstream: Upstream, forwarded: str
) -> Outcome:
    """To the pods of an upstream of the route, or of one of its canaries."""
    chosen = choose_canary(match.target, upstream, table.upstreams, query.joined, query.cookie)
    return Outcome(
        Action.FORWARD,
        0,
        _why_forwarded(table, match.target, upstream),
        forwarded=forwarded,
        balancing=_balancing(query, chosen.affinity, chosen.upstream),
        canary=chosen.reason,
        upstream=chosen.upstream,
    )


def _without_password(query: Query, match: Match[Route], *, host: str, path: str) -> Outcome:
    """401, or where the rule sends whoever would get that."""
    reason = "the rule asks for a user and a password, and the request has no Authorization"
    policy = match.target.policy
    auth = policy.external_auth
    if auth is None or not auth.signin:
        return Outcome(Action.REFUSE, 401, reason)
    where = signin_template(auth).render(partial(_variable, query, host, path, match.groups))
    asked = Asked(Origin(query.scheme, query.host, host), query.target, query.ports)
    location = location_of(Redirect(as_url(where)), asked, policy)
    reason = f"{reason}; auth-signin redirects in the place of 401"
    return Outcome(Action.REDIRECT, SIGNIN_STATUS, reason, location=location)


def _why_forwarded(table: Table, route: Route, upstream: Upstream) -> str:
    reason = "the rule leads there and an endpoint is ready; the answer is the pod's own"
    if route.backend is None or upstream.key != route.backend.upstream:
        service = upstream.key.removesuffix(":")
        reason = f"no endpoint of its own is ready, so that the default backend {service} answers"
    return f"{reason}{_only_if(table, route)}"


def _only_if(table: Table, route: Route) -> str:
    conditions = tuple(_conditions(table, route))
    joined = (" or " if route.policy.access.any_suffices else " and ").join(conditions)
    return f", if {joined}" if conditions else ""


def _conditions(table: Table, route: Route) -> Iterator[str]:
    """What a request must meet that cannot be told from here."""
    policy = route.policy
    if AddressRules(policy.access, table.global_policy.blocklists.networks):
        yield "the client's address is admitted"
    if needs_no_auth(route):
        return
    if policy.access.basic_auth is not None:
        yield "the password is right"
    if policy.external_auth is not None:
        yield f"{policy.external_auth.url} admits the request"


def _upstream(table: Table, route: Route) -> Upstream | None:
    """That of the route, or the default backend where that has an endpoint and the former none."""
    if route.leads_nowhere:
        return None
    own = table.upstreams.get(route.backend.upstream) if route.backend else None
    if own is not None and own.endpoints:
        return own
    default = table.upstreams.get(route.policy.default_backend)
    return default if default is not None and default.endpoints else own


def _is_blocked(blocklists: Blocklists, query: Query) -> bool:
    fields = (("user-agent", blocklists.user_agents), ("referer", blocklists.referers))
    return any(
        Blocklist(entries).blocks(query.header(name) or "") for name, entries in fields if entries
    )


def _is_preflight(cors: Cors | None, query: Query) -> bool:
    if cors is None or not cors.origins or query.method != "OPTIONS":
        return False
    return bool(origin_check(cors)((query.header("origin") or "").encode("latin-1", "replace")))


def _redirect(
    table: Table, query: Query, match: Match[Route], *, host: str, path: str
) -> tuple[str, int, str] | None:
    """Location, status and reason, when the request is sent elsewhere before any pod is asked."""
    policy = match.target.policy
    how = table.global_policy.https_redirect
    asked = Asked(Origin(query.scheme, query.host, host), query.target, query.ports)
    found = RedirectRules(policy.redirects_if).find(
        partial(_text_of, query, host, path), partial(_variable, query, host, path, match.groups)
    )
    if found is not None:
        return found.location, found.status, "the request meets a condition of the rule"
    if policy.redirect is not None:
        status = how.status if policy.redirect.host else policy.redirect.status
        return location_of(policy.redirect, asked, policy), status, "the rule only redirects"
    if policy.rewrite is not None and leads_elsewhere(policy.rewrite):
        location = rewritten_target(policy.rewrite, match.groups, query.query)
        return location, REWRITE_REDIRECT_STATUS, "the rewrite target is a URL, not a path"
    has_tls = table.has_tls(host)
    if query.scheme == "https" or not redirects_to_https(
        policy, path, has_tls=has_tls, exempt=how.exempt
    ):
        return None
    return https_location(asked, policy), how.status, _why_redirected(table, policy, host)


def _text_of(query: Query, host: str, path: str, condition: Condition) -> str:
    match condition.trait:
        case Trait.HOST:
            return host
        case Trait.PATH:
            return path
        case Trait.SCHEME:
            return query.scheme
        case Trait.METHOD:
            return query.method
        case Trait.HEADER:
            return query.joined(condition.name) or ""


def _variable(query: Query, host: str, path: str, groups: Groups | None, name: str) -> str:
    """The value of a variable; one that cannot be told from here stays as it is written."""
    if name.isdigit():
        return "" if groups is None else groups[int(name)]
    if name.startswith("http_") and name != "http_host":
        return query.joined(name.removeprefix("http_").replace("_", "-")) or ""
    known = {
        "args": query.query,
        "best_http_host": query.host,
        "escaped_request_uri": quote(query.target, safe=""),
        "host": host,
        "http_host": query.host,
        "is_args": "?" if query.query else "",
        "pass_access_scheme": query.scheme,
        "query_string": query.query,
        "request_method": query.method,
        "request_uri": query.target,
        "scheme": query.scheme,
        "uri": path,
    }
    return known.get(name, f"${name}")


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
    if route.policy.is_closed:
        return "the rule is closed: a protection that is asked for cannot be given"
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
    asked = upstream.policy
    if asked.hash_by:
        few = f"{asked.hash_by_subset_size} endpoints" if asked.hash_by_subset else "endpoint"
        return f"by {asked.hash_by}: equal ones go to the same {few}"
    if upstream.client_ip_timeout:
        return f"by client address, kept for {upstream.client_ip_timeout} s (sessionAffinity)"
    if asked.load_balance is LoadBalance.EWMA:
        return "of two endpoints at random, the one that has answered faster lately (ewma)"
    return "round robin"
