"""The table of the moment, and the matchers made from it as hosts are asked for."""

from __future__ import annotations

from ingressd.proxy.plan import RoutePlan, build_plan
from ingressd.proxy.settings import ProxySettings
from ingressd.routing.delta import Delta
from ingressd.routing.matcher import Match, Matcher
from ingressd.routing.model import Route
from ingressd.routing.table import Table

REMEMBERED_NAMES = 4096
"""Host names for which it is remembered whether they have TLS: clients may make up any number."""


class RouteIndex:
    """Owner of the worker's table. A request keeps the plan it was matched with."""

    def __init__(self, settings: ProxySettings) -> None:
        self._settings = settings
        self._matchers: dict[str, Matcher[RoutePlan]] = {}
        self._tls_names: dict[str, bool] = {}
        self.table = Table.empty()

    def apply(self, delta: Delta) -> None:
        """Take over a change: only matchers of hosts that changed are made anew."""
        self.table = self.table.apply(delta)
        self._tls_names.clear()
        if delta.reset:
            self._matchers.clear()
        for host in delta.hosts:
            self._matchers.pop(host.name, None)
        for name in delta.removed_hosts:
            self._matchers.pop(name, None)

    def match(self, host_name: str, path: str) -> Match[RoutePlan] | None:
        """What serves a normalised host and path, or None."""
        host = self.table.find_host(host_name)
        if host is None:
            return None
        matcher = self._matchers.get(host.name)
        if matcher is None:
            matcher = self._matchers[host.name] = Matcher(host, self._plan)
        return matcher.match(path)

    def _plan(self, route: Route) -> RoutePlan:
        return build_plan(route, self._settings, self._has_tls)

    def _has_tls(self, host_name: str) -> bool:
        known = self._tls_names.get(host_name)
        if known is None:
            if len(self._tls_names) >= REMEMBERED_NAMES:
                self._tls_names.clear()
            known = self._tls_names[host_name] = self.table.has_tls(host_name)
        return known
