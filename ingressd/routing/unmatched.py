"""What becomes of a path that no rule of its host takes.

ingress-nginx gives every host a location ``/`` with the settings of its oldest Ingress. Here a host
has a route for that only where these differ from what holds for all.
"""

from __future__ import annotations

from ingressd.routing.global_policy import GlobalPolicy
from ingressd.routing.model import CATCH_ALL, Host, PathKind, Route


def unmatched_route(host: Host, policy: GlobalPolicy) -> Route | None:
    """The route of what no path of a host takes. None for the catch-all host without a fallback:
    what no Ingress speaks for is answered 404, and nothing else is asked."""
    if host.fallback is not None or host.name == CATCH_ALL:
        return host.fallback
    return nowhere(host.name, policy)


def nowhere(host: str, policy: GlobalPolicy) -> Route:
    """A route that comes of no Ingress, and leads nowhere."""
    return Route(host, "/", PathKind.UNMATCHED, "", "", policy=policy.unmatched)
