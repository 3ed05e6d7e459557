"""The route of what no path of a host takes, where it is not the same as for all hosts."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ingressd.compiler.ingresses.claims import Claim
from ingressd.routing.model import CATCH_ALL, Backend, PathKind, Route
from ingressd.routing.policy import DEFAULT_POLICY, HostPolicy, Policy

DEFAULT_BACKEND_FLAG = "--default-backend-service"
_ANNOTATIONS = "metadata.annotations"


class DefaultBackend(Struct, frozen=True):
    """What a flag names for requests that no rule takes; None answers them with 503."""

    backend: Backend | None


class Unmatched(Struct, frozen=True):
    """What becomes of them: ``policy`` holds where the oldest Ingress of a host asks for nothing
    else, and ``default`` takes them, where there is one."""

    policy: Policy = DEFAULT_POLICY
    default: DefaultBackend | None = None


NOWHERE = Unmatched()
"""They are answered 404."""


def unmatched_route(
    name: str,
    ordered: Sequence[Claim],
    routes: Sequence[Route],
    settings: HostPolicy,
    unmatched: Unmatched,
) -> Route | None:
    """The route of a host without a default backend of its own, None where all that it could take
    fares as everywhere. ``ordered`` are the claims on the host, oldest first, ``routes`` what they
    come to, and ``settings`` those of the whole host. Nobody's settings hold for the catch-all
    host, as in ingress-nginx."""
    default = unmatched.default
    if name == CATCH_ALL:
        return _of_catch_all(default) if default is not None else None
    if not ordered:
        return None
    oldest = ordered[0]
    policy = unmatched.policy if oldest.unmatched is None else oldest.unmatched
    if default is not None:
        whose = "" if oldest.unmatched is None else oldest.ingress
        backend = None if policy.is_closed else default.backend
        return Route(name, "/", PathKind.UNMATCHED, whose, DEFAULT_BACKEND_FLAG, backend, policy)
    is_usual = oldest.unmatched is None and not _concerns_all(settings)
    if is_usual or any(map(_takes_all, routes)):
        return None
    return Route(name, "/", PathKind.UNMATCHED, oldest.ingress, _ANNOTATIONS, policy=policy)


def _of_catch_all(default: DefaultBackend) -> Route:
    return Route(CATCH_ALL, "/", PathKind.PREFIX, "", DEFAULT_BACKEND_FLAG, default.backend)


def _takes_all(route: Route) -> bool:
    return route.path == "/" and route.kind is not PathKind.EXACT


def _concerns_all(settings: HostPolicy) -> bool:
    """Whether the host asks something of everybody, whatever path they mean."""
    return settings.client_certificates is not None or settings.is_denied
