"""What is left of routes whose protection cannot be given: 503, and nothing in its place."""

from __future__ import annotations

from msgspec import structs

from ingressd.routing.model import Host, Route
from ingressd.routing.policy import DEFAULT_POLICY, Policy


def closed_policy(policy: Policy) -> Policy:
    """That of a closed route, without what would be answered in the place of 503."""
    return structs.replace(
        policy,
        redirect=None,
        redirects_if=(),
        cors=None,
        default_backend="",
        error_pages=DEFAULT_POLICY.error_pages,
        is_closed=True,
    )


def closed_host(host: Host) -> Host:
    """The host with no way to a pod, those of other Ingresses too; its policy makes that 403."""
    return structs.replace(
        host,
        routes=tuple(map(_closed, host.routes)),
        fallback=_closed(host.fallback) if host.fallback is not None else None,
        policy=structs.replace(host.policy, app_root=""),
    )


def _closed(route: Route) -> Route:
    return structs.replace(route, backend=None, policy=closed_policy(route.policy), alternatives=())
