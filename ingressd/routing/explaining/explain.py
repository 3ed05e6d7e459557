"""Why a request ends where it ends: the matcher's own walk, with a reason for every candidate.

The result is data: the command line makes text of it, the admin API JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from msgspec import Struct

from ingressd.routing.explaining.host_outcome import settle
from ingressd.routing.explaining.outcome import Outcome, Query, decide, refused
from ingressd.routing.explaining.reasons import (
    describe_host,
    why_host_loses,
    why_host_wins,
    why_route_loses,
    why_route_misses,
    why_route_wins,
)
from ingressd.routing.hosts import normalise_host, wildcard_of
from ingressd.routing.matcher import Match, Matcher
from ingressd.routing.model import CATCH_ALL, Certificate, Host, Route
from ingressd.routing.paths import normalise_path, readable_path
from ingressd.routing.table import Table
from ingressd.routing.unmatched import unmatched_route


class Verdict(Enum):
    """How a candidate fared. MATCHES: it would take the request if nothing better did."""

    WINS = "wins"
    MATCHES = "matches"
    LOSES = "loses"


class HostCandidate(Struct, frozen=True):
    """A host of the table that covers the name asked for, or nearly does."""

    name: str
    verdict: Verdict
    reason: str


class RouteCandidate(Struct, frozen=True):
    """A route of such a host."""

    route: Route
    verdict: Verdict
    reason: str
    is_fallback: bool = False


class CertificateChoice(Struct, frozen=True):
    """The certificate a TLS client meets, without its key. ``names`` () means: there is none."""

    server_name: str
    reason: str
    names: tuple[str, ...] = ()
    secret: str = ""
    not_after: float = 0.0
    covers: bool = False


class Explanation(Struct, frozen=True):
    """What was asked, in the form it is compared in (None: refused), and what became of it.

    ``hosts`` and ``routes`` stand best first; ``other_hosts`` counts the hosts of the table that
    have nothing to do with the name.
    """

    query: Query
    host: str | None
    path: str | None
    hosts: tuple[HostCandidate, ...]
    routes: tuple[RouteCandidate, ...]
    other_hosts: int
    outcome: Outcome
    certificate: CertificateChoice
    generation: int

    @property
    def winner(self) -> Route | None:
        """The route that takes the request."""
        return next((c.route for c in self.routes if c.verdict is Verdict.WINS), None)


def explain(table: Table, query: Query) -> Explanation:
    """Trace one request through a table."""
    name, path = normalise_host(query.host), normalise_path(query.path)
    serving = None if name is None else table.find_host(name)
    hosts = () if name is None else tuple(_host_candidates(table, name, serving))
    routes: tuple[RouteCandidate, ...] = ()
    winner: Match[Route] | None = None
    if path is not None and serving is not None:
        winner = Matcher(serving, _itself, _otherwise(table, serving)).match(path)
        routes = tuple(_route_candidates(table, hosts, serving, path))
    if name is None or path is None:
        outcome = refused(query, bad_host=name is None)
    else:
        outcome = decide(table, query, winner, host=name, path=path)
        route = winner.target if winner is not None else None
        outcome = settle(outcome, table, query.scheme, _server_name(query, name), route)
    return Explanation(
        query=query,
        host=name,
        path=None if path is None else readable_path(path),
        hosts=hosts,
        routes=routes,
        other_hosts=len(table.hosts.keys() - {candidate.name for candidate in hosts}),
        outcome=outcome,
        certificate=_certificate_choice(table, _server_name(query, name)),
        generation=table.generation,
    )


def _itself(route: Route) -> Route:
    return route


def _otherwise(table: Table, serving: Host) -> Match[Route] | None:
    """What holds for the paths that nothing of the host takes. It comes of no Ingress, and is no
    candidate."""
    route = unmatched_route(serving, table.global_policy)
    return Match(route) if route is not None else None


def _host_candidates(table: Table, name: str, serving: Host | None) -> Iterator[HostCandidate]:
    """The hosts that could be meant, best first: exact, wildcards from near to far, catch-all."""
    for candidate in _related_names(name):
        if candidate not in table.hosts:
            continue
        if serving is not None and candidate == serving.name:
            yield HostCandidate(candidate, Verdict.WINS, why_host_wins(candidate, name))
        else:
            covers = candidate in {wildcard_of(name), CATCH_ALL}
            verdict = Verdict.MATCHES if covers else Verdict.LOSES
            served_by = "" if serving is None else describe_host(serving.name)
            yield HostCandidate(candidate, verdict, why_host_loses(candidate, name, served_by))


def _related_names(name: str) -> list[str]:
    """The name, its wildcard, the wildcards that look as if they covered it, and the catch-all."""
    names = [name]
    parent = name
    while (wildcard := wildcard_of(parent)) != CATCH_ALL:
        names.append(wildcard)
        parent = wildcard.removeprefix("*.")
    if "." in name:
        names.append(f"*.{name}")
    return list(dict.fromkeys([*names, CATCH_ALL]))


def _route_candidates(
    table: Table, hosts: tuple[HostCandidate, ...], serving: Host, path: str
) -> Iterator[RouteCandidate]:
    yield from _serving_candidates(serving, path)
    for candidate in hosts:
        if candidate.name != serving.name:
            yield from _beaten_candidates(table.hosts[candidate.name], path, candidate)


def _serving_candidates(host: Host, path: str) -> Iterator[RouteCandidate]:
    """The routes of the host that serves: those that match in their order, then the others."""
    matched = [match.target for match in Matcher(host, _itself).walk(path)]
    shown = readable_path(path)
    for position, route in enumerate(matched):
        is_fallback = route is host.fallback
        if position == 0:
            reason = why_route_wins(route, shown, is_fallback=is_fallback)
            yield RouteCandidate(route, Verdict.WINS, reason, is_fallback)
        else:
            reason = why_route_loses(route, matched[0], shown, is_fallback=is_fallback)
            yield RouteCandidate(route, Verdict.MATCHES, reason, is_fallback)
    taken = {id(route) for route in matched}
    for route in host.routes:
        if id(route) not in taken:
            yield RouteCandidate(route, Verdict.LOSES, why_route_misses(route, shown))


def _beaten_candidates(host: Host, path: str, verdict: HostCandidate) -> Iterator[RouteCandidate]:
    """The routes of a host that does not serve: the host decides before any path is looked at."""
    matched = {id(match.target) for match in Matcher(host, _itself).walk(path)}
    covers = verdict.verdict is Verdict.MATCHES
    routes = host.routes if host.fallback is None else (*host.routes, host.fallback)
    for route in routes:
        is_fallback = route is host.fallback
        if covers and id(route) in matched:
            reason = f"takes {readable_path(path)} too, but {verdict.reason}"
            yield RouteCandidate(route, Verdict.MATCHES, reason, is_fallback)
        else:
            yield RouteCandidate(route, Verdict.LOSES, verdict.reason, is_fallback)


def _server_name(query: Query, name: str | None) -> str:
    """The name a client sends with SNI: the host it asks for, unless that is an address."""
    if query.server_name is not None:
        return normalise_host(query.server_name) or ""
    if not name or name.startswith("[") or name.rpartition(".")[2].isdigit():
        return ""
    return name


def _certificate_choice(table: Table, server_name: str) -> CertificateChoice:
    bound = table.bound_certificate(server_name) if server_name else None
    certificate = bound or table.certificate_for(server_name)
    reason = _certificate_reason(table, server_name, is_bound=bound is not None)
    if certificate is None:
        return CertificateChoice(server_name, reason)
    return CertificateChoice(
        server_name=server_name,
        reason=reason,
        names=certificate.names,
        secret=certificate.secret,
        not_after=certificate.not_after,
        covers=_covers(certificate, server_name),
    )


def _certificate_reason(table: Table, server_name: str, *, is_bound: bool) -> str:
    if is_bound:
        exact = table.bindings.get(server_name) in table.certificates
        return f"bound to the host {server_name if exact else wildcard_of(server_name)}"
    cause = (
        f"no certificate is bound to {describe_host(server_name)}"
        if server_name
        else "the client sends no server name (an address, or no SNI)"
    )
    if table.default_certificate in table.certificates:
        return f"{cause}: the default certificate"
    return f"{cause}, and there is no default certificate: the handshake fails"


def _covers(certificate: Certificate, server_name: str) -> bool:
    names = {name.lower() for name in certificate.names}
    return server_name in names or (wildcard_of(server_name) or server_name) in names
