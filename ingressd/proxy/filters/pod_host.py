"""The Host that pods get, where that is not the client's (ingress-nginx ``upstream-vhost``)."""

from __future__ import annotations

from ingressd.proxy.client.request import Request
from ingressd.proxy.environment import Environment
from ingressd.proxy.variables import lookup_in
from ingressd.routing.model import Route
from ingressd.routing.patterns import Groups
from ingressd.routing.variables import as_field, parse_template


def name_pod_host(route: Route, environment: Environment) -> PodHostFilter | None:
    """For a policy that says what pods get."""
    return PodHostFilter(route) if route.policy.pod_host else None


class PodHostFilter:
    """Note the Host for pods on the request. One that comes out empty is as if none was said."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self._template = parse_template(route.policy.pod_host, groups=True)

    def __call__(self, request: Request, groups: Groups | None) -> None:
        """The request goes on."""
        text = self._template.render(lookup_in(request, self._route, groups))
        request.pod_host = as_field(text).encode()
