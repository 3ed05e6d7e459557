"""Which route serves a request: the matchers of hosts, made as they are asked for."""

from __future__ import annotations

from ingressd.proxy.environment import Environment
from ingressd.proxy.plan import RoutePlan
from ingressd.routing.delta import Delta
from ingressd.routing.matcher import Match, Matcher
from ingressd.routing.model import CATCH_ALL, EVERY_HOST, Host, PathKind, Route
from ingressd.routing.unmatched import nowhere

_NOWHERE = Route(CATCH_ALL, "/", PathKind.PREFIX, "", "")


class RouteIndex:
    """Owner of the matchers. A request keeps the plan it was matched with."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._current = environment.current
        self._matchers: dict[str, Matcher[RoutePlan]] = {}
        self._nowhere: RoutePlan | None = None
        self._unmatched: Match[RoutePlan] | None = None

    @property
    def nowhere(self) -> RoutePlan:
        """How requests are answered for hosts that nobody speaks for."""
        if self._nowhere is None:
            self._nowhere = self._plan(_NOWHERE)
        return self._nowhere

    def apply(self, delta: Delta) -> None:
        """Forget the matchers of hosts that a change concerns."""
        if delta.reset or delta.global_policy is not None:  # plans are made from both
            self._matchers.clear()
            self._nowhere = self._unmatched = None
        for host in delta.hosts:
            self._matchers.pop(host.name, None)
        for name in delta.removed_hosts:
            self._matchers.pop(name, None)

    def match(self, host_name: str, path: str) -> Match[RoutePlan] | None:
        """What serves a normalised host and path, or None."""
        host = self._current.table.find_host(host_name)
        if host is None:
            return None
        matcher = self._matchers.get(host.name)
        if matcher is None:
            matcher = Matcher(host, self._plan, self._otherwise(host))
            self._matchers[host.name] = matcher
        return matcher.match(path)

    def has_tls(self, host_name: str) -> bool:
        """Whether a normalised name counts as having TLS."""
        return self._current.has_tls(host_name)

    def _otherwise(self, host: Host) -> Match[RoutePlan] | None:
        """What there is for paths that no route of a host takes: the same for nearly all."""
        if host.fallback is not None or host.name == CATCH_ALL:
            return None
        if self._unmatched is None:
            policy = self._current.table.global_policy
            self._unmatched = Match(self._plan(nowhere(EVERY_HOST, policy)))
        return self._unmatched

    def _plan(self, route: Route) -> RoutePlan:
        return RoutePlan(route, self._environment)
