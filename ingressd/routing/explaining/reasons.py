"""The sentences that say why a host or a route wins or loses, for people who never saw the code."""

from __future__ import annotations

from ingressd.routing.hosts import wildcard_of
from ingressd.routing.model import CATCH_ALL, PathKind, Route


def describe_host(name: str) -> str:
    """A host's name as it is shown."""
    return name or "(any host)"


def why_host_wins(host: str, name: str) -> str:
    """Why this host of the table serves a name."""
    if host == CATCH_ALL:
        return f"no rule names {name or 'the empty host'}: rules without a host take it"
    if host == name:
        return "it is the host asked for"
    label = name.partition(".")[0]
    return f'{host} covers exactly one label, here "{label}", and no rule names {name} itself'


def why_host_loses(host: str, name: str, serving: str) -> str:
    """Why a host that covers a name, or nearly does, does not serve it as ``serving`` does."""
    if host == CATCH_ALL:
        return f"rules without a host only take what no other host covers, and {serving} does"
    if host == wildcard_of(name):
        return f"host {serving} is more specific than {host}"
    if host == f"*.{name}":
        return f'host {host} covers exactly one label before ".{name}", and {name} has none there'
    labels = name.removesuffix(host[1:])
    return f'host {host} covers exactly one label, and "{labels}" is more than one'


def why_route_wins(route: Route, path: str, *, is_fallback: bool) -> str:
    """Why the first match of the walk is the first."""
    if _is_nothing(route):
        return f"no path of the host takes {path}: what the oldest Ingress of it asks for holds"
    if is_fallback:
        return f"no path of the host takes {path}: this is its default backend"
    if route.kind is PathKind.EXACT:
        return f"Exact {route.path} is the path asked for"
    if route.kind is PathKind.REGEX:
        return f"the first pattern of the host that matches {path} from its start"
    if route.path == "/":
        return "Prefix / takes every path, and no longer path takes this one"
    return f"Prefix {route.path} is the longest path that takes {path}"


def why_route_loses(route: Route, winner: Route, path: str, *, is_fallback: bool) -> str:
    """Why a route that takes the path is not the first that does."""
    if _is_nothing(route):
        return "it only holds for what no path takes"
    if is_fallback:
        return "the default backend only gets what no path takes"
    if winner.kind is not route.kind:
        return _why_kind_loses(route, winner, path)
    if route.path == winner.path:
        return f"the same path stands in {winner.ingress} already, which comes first"
    if route.kind is PathKind.REGEX:
        return f"it matches too, but the pattern {winner.path} stands before it"
    if route.path.rstrip("/") == winner.path.rstrip("/"):
        return f"{route.path} and {winner.path} take the same paths; the longer text goes first"
    return f"{route.path} is a shorter prefix than {winner.path}"


def _is_nothing(route: Route) -> bool:
    return route.kind is PathKind.UNMATCHED and route.backend is None


def why_route_misses(route: Route, path: str) -> str:
    """Why a route does not take the path at all."""
    if route.kind is PathKind.REGEX:
        return f"the pattern does not match {path} from its start"
    if route.path != path and _same_but_case(route, path):
        return f"paths are case-sensitive: {route.path} is not the {path} asked for"
    if route.kind is PathKind.EXACT:
        return _why_exact_misses(route.path, path)
    return _why_prefix_misses(route.path, path)


def _why_kind_loses(route: Route, winner: Route, path: str) -> str:
    if winner.kind is PathKind.EXACT:
        return f"Exact {winner.path} is {path} itself, which beats every prefix and pattern"
    return f"the pattern {winner.path} matches, and patterns come before prefixes"


def _same_but_case(route: Route, path: str) -> bool:
    mine, asked = route.path.lower(), path.lower()
    if route.kind is PathKind.EXACT:
        return mine == asked
    return is_below(asked, mine) and not is_below(path, route.path)


def _why_exact_misses(mine: str, asked: str) -> str:
    if mine.rstrip("/") == asked.rstrip("/"):
        return f"Exact {mine} is not {asked}: a trailing slash counts in an Exact path"
    if is_below(asked, mine):
        return f"Exact {mine} only matches {mine} itself, the request asks for {asked}"
    return f"Exact {mine} is not {asked}"


def _why_prefix_misses(mine: str, asked: str) -> str:
    stem = mine.rstrip("/")
    if asked.startswith(stem):
        return f"{mine} is compared element by element: {asked} is not below it"
    if is_below(mine, asked):
        return f"{mine} is longer than what is asked for: {asked} is above it, not below"
    return f"{asked} is not at or below {mine}"


def is_below(path: str, prefix: str) -> bool:
    """Whether a path is at or below a prefix, element by element."""
    stem = prefix.rstrip("/")
    return path == stem or path.startswith(f"{stem}/")
