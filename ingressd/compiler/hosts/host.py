"""The claims of every Ingress on one host, made into one host of the routing table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct, structs

from ingressd.compiler.closing import closed_host
from ingressd.compiler.codes import Code, finding
from ingressd.compiler.hosts.aliases import Alias, other_names, without_other_form
from ingressd.compiler.hosts.cookie_paths import told_of_cookies
from ingressd.compiler.hosts.redirect_routes import app_root_routes
from ingressd.compiler.hosts.shared_pod_tls import share_pod_tls
from ingressd.compiler.hosts.shared_settings import MergedHost, merge_host
from ingressd.compiler.hosts.unmatched import NOWHERE, Unmatched, unmatched_route
from ingressd.compiler.ingresses.canaries import canary_findings, sharing_of, with_alternatives
from ingressd.compiler.ingresses.claims import CanaryClaim, Claim
from ingressd.compiler.ingresses.rule_paths import invalid_regex
from ingressd.compiler.settings import Compat
from ingressd.resources.decoding import to_finding
from ingressd.resources.finding import Finding
from ingressd.routing.model import CATCH_ALL, Host, PathKind, Route
from ingressd.routing.patterns import BadPattern, compile_pattern

# What looks like a wildcard, an expression or a query, and hardly ever stands so in a path.
_PATTERN_LIKE = re.compile(r"[*?#^|\\{}\[\]]|\(.*\)|\$$")


class CompiledHost(Struct, frozen=True, gc=False):
    """``host`` is None where nothing is left to serve; ``aliases`` are its other names."""

    host: Host | None
    findings: tuple[Finding, ...] = ()
    aliases: tuple[Alias, ...] = ()


class _Owned(Struct, frozen=True):
    """A route and the claim it comes from."""

    route: Route
    claim: Claim


def compile_host(
    name: str,
    claims: Iterable[Claim],
    unmatched: Unmatched = NOWHERE,
    canaries: Iterable[CanaryClaim] = (),
    compat: Compat = Compat.EXACT,
) -> CompiledHost:
    """Merge the claims, oldest first; ``unmatched`` says what becomes of requests that none of them
    takes, and ``canaries`` take a part of what others take. They alone make no host."""
    ordered = share_pod_tls(sorted(claims, key=lambda claim: claim.rank))
    findings: list[Finding] = []
    sharing = sharing_of(canaries)
    owned = [
        _Owned(with_alternatives(route, sharing.of(route)), claim)
        for claim in ordered
        for route in claim.routes
    ]
    asked = [entry.route for entry in owned]
    if compat is Compat.EXACT and any(entry.route.kind is PathKind.REGEX for entry in owned):
        findings += _told_of_regex(name, ordered)
        owned = _as_regex(owned, findings)
        routes = _regex_order(_without_duplicates(owned, findings))
    else:
        routes = _side_by_side(owned, findings)
    findings += told_of_cookies(routes)
    merged = merge_host(ordered, shown(name))
    fallback = _fallback(name, ordered, findings)
    if fallback is None:
        fallback = unmatched_route(name, ordered, routes, merged.policy, unmatched)
    if fallback is not None and name == CATCH_ALL:
        fallback = with_alternatives(fallback, sharing.of_fallback)
    findings += canary_findings(name, sharing, asked, fallback)
    if not ordered and fallback is None:
        return CompiledHost(None, tuple(findings))
    has_tls = any(claim.has_tls for claim in ordered)
    findings += [*merged.findings, *without_other_form(name, merged.chosen)]
    routes = (*app_root_routes(name, merged, compat), *routes)
    host = Host(name, routes, fallback, has_tls, merged.policy)
    if merged.policy.is_closed or merged.policy.is_denied:
        findings += _told_of_closing(host, ordered, merged)
        host = closed_host(host)
    aliases = tuple(other_names(name, merged.policy, merged.chosen, compat))
    return CompiledHost(host, tuple(findings), aliases)


def _side_by_side(owned: Sequence[_Owned], findings: list[Finding]) -> tuple[Route, ...]:
    """Every route as its own Ingress means it."""
    literal = [entry for entry in owned if entry.route.kind is not PathKind.REGEX]
    findings += [_taken_literally(e) for e in literal if _PATTERN_LIKE.search(e.route.path)]
    routes = _without_duplicates(owned, findings)
    regex = [route for route in routes if route.kind is PathKind.REGEX]
    others = [route for route in routes if route.kind is not PathKind.REGEX]
    return (*_regex_order(regex), *_winning_order(others))


def _without_duplicates(owned: Sequence[_Owned], findings: list[Finding]) -> list[Route]:
    """The first of each path and kind; the others lose it."""
    winners: dict[tuple[PathKind, str], Route] = {}
    for entry in owned:
        key = (entry.route.kind, entry.route.path)
        winner = winners.setdefault(key, entry.route)
        if winner is not entry.route:
            findings.append(_path_conflict(entry, winner))
    return list(winners.values())


def _winning_order(routes: list[Route]) -> tuple[Route, ...]:
    """Longest first; Exact before Prefix at equal length."""
    return tuple(sorted(routes, key=lambda r: (-len(r.path), r.kind is not PathKind.EXACT, r.path)))


def _regex_order(routes: list[Route]) -> tuple[Route, ...]:
    """ingress-nginx's order of regex locations: longest text first, then lexically descending."""
    descending = sorted(routes, key=lambda route: route.path, reverse=True)
    return tuple(sorted(descending, key=lambda route: -len(route.path)))


def _as_regex(owned: Sequence[_Owned], findings: list[Finding]) -> list[_Owned]:
    """Every route as a regular expression; one that cannot be is lost."""
    converted = []
    for entry in owned:
        route = entry.route
        if route.kind is not PathKind.REGEX:
            try:
                compile_pattern(route.path)
            except BadPattern as error:
                lost = invalid_regex(route.path, error, route.field)
                findings.append(to_finding(lost, entry.claim.subject, ""))
                continue
            route = structs.replace(route, kind=PathKind.REGEX)
        converted.append(_Owned(route, entry.claim))
    return converted


def _taken_literally(entry: _Owned) -> Finding:
    route = entry.route
    return finding(
        Code.PATH_TAKEN_LITERALLY,
        entry.claim.subject,
        f"{route.field}.path",
        f"{route.path!r} is compared character by character: it is no pattern and has no query",
        "write a Prefix such as /foo for all that is below it, or add the annotation use-regex",
    )


def _told_of_regex(name: str, ordered: Sequence[Claim]) -> list[Finding]:
    """A warning to each Ingress whose paths became expressions because of another one."""
    asking = [claim for claim in ordered if _asks_regex(claim)]
    cause = asking[0].ingress
    return [
        finding(
            Code.PATHS_BECAME_REGEX,
            claim.subject,
            f"{claim.routes[0].field}.path",
            f"use-regex or rewrite-target of Ingress {cause} makes every path of {shown(name)} a "
            "case-insensitive regular expression that only has to match the start; "
            "Exact and Prefix mean nothing there",
            f"give Ingress {cause} a host of its own, or write these paths as expressions",
        )
        for claim in ordered
        if claim.routes and not _asks_regex(claim)
    ]


def _told_of_closing(host: Host, ordered: Sequence[Claim], merged: MergedHost) -> list[Finding]:
    """An error to each Ingress whose paths are closed because of another one."""
    of_host = shown(host.name)
    if merged.policy.is_closed:
        cause = merged.winner("client_certificates")
        wish = f"client certificates for {of_host} that cannot be checked"
    else:
        cause = merged.winner("is_denied")
        wish = f"a protection for {of_host} that cannot be given"
    status = 403 if merged.policy.is_closed else 503
    return [
        finding(
            Code.HOST_CLOSED,
            claim.subject,
            claim.routes[0].field if claim.routes else "spec.defaultBackend",
            f"Ingress {cause} wants {wish}: every path of it answers {status}",
            f"mend what is told of Ingress {cause}, or give these paths a host of their own",
        )
        for claim in ordered
        if claim.ingress != cause and (claim.routes or claim.fallback is not None)
    ]


def _asks_regex(claim: Claim) -> bool:
    return any(route.kind is PathKind.REGEX for route in claim.routes)


def _fallback(name: str, ordered: Sequence[Claim], findings: list[Finding]) -> Route | None:
    """The default backend of the oldest Ingress that has one."""
    first: Route | None = None
    for claim in ordered:
        if claim.fallback is None:
            continue
        if first is None:
            first = claim.fallback
        elif claim.fallback.backend != first.backend:
            findings.append(_default_conflict(name, claim, first))
    return first


def shown(name: str) -> str:
    """A host as messages write it."""
    return f"host {name}" if name else "the catch-all host"


def _path_conflict(loser: _Owned, winner: Route) -> Finding:
    route = loser.route
    same = "the same Ingress" if winner.ingress == route.ingress else f"Ingress {winner.ingress}"
    why = "which is older or comes first"
    if loser.claim.yields:
        why = "to which an Ingress with canary annotations gives way, even without canary: true"
    return finding(
        Code.PATH_CONFLICT,
        loser.claim.subject,
        f"{route.field}.path",
        f"{route.kind.value} path {route.path!r} of {shown(route.host)} belongs to {same} "
        f"({winner.field}), {why}; this one is not served",
        "remove one of the two, or change its host or path",
    )


def _default_conflict(name: str, loser: Claim, winner: Route) -> Finding:
    return finding(
        Code.DEFAULT_BACKEND_CONFLICT,
        loser.subject,
        "spec.defaultBackend",
        f"the default backend of {shown(name)} is that of Ingress {winner.ingress}, "
        "which is older; this one is not used there",
        "remove one of the two",
    )
