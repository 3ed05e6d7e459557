"""Which of a host's routes take a path, best first, in time that depends on the path alone.

Exact routes beat every other; regular expressions follow in the order of the host; then prefixes,
longest first; then what stands for all other paths. Prefixes are compared element by element, as
Kubernetes' ``pathType: Prefix`` asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, NamedTuple, TypeVar

from ingressd.routing.model import Host, PathKind, Route
from ingressd.routing.patterns import Groups, compile_pattern

T = TypeVar("T")


class Match(NamedTuple, Generic[T]):
    """What was bound to the route that matched; ``groups`` is set for a regular expression."""

    target: T
    groups: Groups | None = None


class Prefix(Generic[T]):
    """All routes of one prefix, and the next shorter prefix that has routes.

    ``/foo`` and ``/foo/`` are the same prefix; where a host has both, the longer text goes first.
    """

    __slots__ = ("matches", "shorter")

    def __init__(self, matches: tuple[Match[T], ...]) -> None:
        self.matches = matches
        self.shorter: Prefix[T] | None = None


class Matcher(Generic[T]):
    """The routes of one host, indexed. ``bind`` makes what a route stands for to the caller.
    ``otherwise`` is what there is for a host without a fallback.

    Raises ValueError for a regular expression that does not compile.
    """

    def __init__(
        self, host: Host, bind: Callable[[Route], T], otherwise: Match[T] | None = None
    ) -> None:
        bound = [(route, bind(route)) for route in host.routes]
        self._exact = _exact_index(bound)
        self._patterns = _patterns(bound)
        self._prefixes = _prefix_index(bound)
        self._longest = max(map(len, self._prefixes), default=0)
        self._bind = bind
        self._unbound = host.fallback
        self._fallback = otherwise

    def match(self, path: str) -> Match[T] | None:
        """The best match for a normalised path; the first that ``walk`` yields."""
        exact = self._exact.get(path)
        if exact is not None:
            return exact[0]
        for pattern, target in self._patterns:
            groups = pattern(path)
            if groups is not None:
                return Match(target, groups)
        prefix = self._deepest(path)
        return self._rest() if prefix is None else prefix.matches[0]

    def walk(self, path: str) -> Iterator[Match[T]]:
        """Every match for a normalised path, best first."""
        yield from self._exact.get(path, ())
        for pattern, target in self._patterns:
            groups = pattern(path)
            if groups is not None:
                yield Match(target, groups)
        prefix = self._deepest(path)
        while prefix is not None:
            yield from prefix.matches
            prefix = prefix.shorter
        rest = self._rest()
        if rest is not None:
            yield rest

    def _rest(self) -> Match[T] | None:
        """What takes all other paths: bound when it is asked for, which for most hosts is never."""
        if self._unbound is not None:
            self._fallback = Match(self._bind(self._unbound))
            self._unbound = None
        return self._fallback

    def _deepest(self, path: str) -> Prefix[T] | None:
        """The longest prefix that takes the path.

        Starts at the length of the longest prefix there is, so that a client cannot make this cost
        more than the host's own routes do.
        """
        longest = self._longest
        key = path if len(path) <= longest else path[: path.rfind("/", 0, longest + 1)]
        get = self._prefixes.get
        while True:
            prefix = get(key)
            if prefix is not None or not key:
                return prefix
            key = key[: key.rfind("/")]


def _exact_index(bound: list[tuple[Route, T]]) -> dict[str, tuple[Match[T], ...]]:
    index: dict[str, tuple[Match[T], ...]] = {}
    for route, target in bound:
        if route.kind is PathKind.EXACT:
            index[route.path] = (*index.get(route.path, ()), Match(target))
    return index


def _patterns(
    bound: list[tuple[Route, T]],
) -> tuple[tuple[Callable[[str], Groups | None], T], ...]:
    return tuple(
        (compile_pattern(route.path).match, target)
        for route, target in bound
        if route.kind is PathKind.REGEX
    )


def _prefix_index(bound: list[tuple[Route, T]]) -> dict[str, Prefix[T]]:
    """Prefixes by their path without trailing slash, each linked to the next shorter one."""
    routes = [entry for entry in bound if entry[0].kind is PathKind.PREFIX]
    matches: dict[str, tuple[Match[T], ...]] = {}
    for route, target in sorted(routes, key=lambda entry: -len(entry[0].path)):
        key = route.path.rstrip("/")
        matches[key] = (*matches.get(key, ()), Match(target))
    index = {key: Prefix(matches[key]) for key in sorted(matches, key=len)}
    for key, prefix in index.items():
        prefix.shorter = _next_shorter(index, key)
    return index


def _next_shorter(index: dict[str, Prefix[T]], key: str) -> Prefix[T] | None:
    while key:
        key = key[: key.rfind("/")]
        if key in index:
            return index[key]
    return None
