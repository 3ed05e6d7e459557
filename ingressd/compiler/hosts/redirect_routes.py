"""Routes that only redirect: they come of settings of a host, and not of a rule's path."""

from __future__ import annotations

from collections.abc import Iterator

from ingressd.compiler.annotations.verdict import annotation_field
from ingressd.compiler.hosts.shared_settings import MergedHost
from ingressd.compiler.settings import Compat
from ingressd.routing.model import PathKind, Route
from ingressd.routing.policy import Policy, Redirect


def app_root_routes(host: str, merged: MergedHost, compat: Compat) -> Iterator[Route]:
    """The route of the host's ``/``, where that is redirected; it goes before all others. An
    Ingress that has only a default backend does not speak for paths."""
    redirect = Redirect(merged.policy.app_root, keeps_port=True)
    for claim, setting in merged.chosen:
        if setting.field == "host.app_root" and claim.routes:
            yield Route(
                host=host,
                path="/",
                kind=PathKind.EXACT,
                ingress=claim.ingress,
                field=annotation_field(setting.annotation),
                policy=Policy(redirect=redirect, redirects_as_asked=compat is Compat.SANE),
            )


def other_name_route(
    name: str, host: str, ingress: str, annotation: str, *, as_asked: bool
) -> Route:
    """All that there is at ``name``, which leads to ``host``; see :class:`Redirect`."""
    return Route(
        host=name,
        path="/",
        kind=PathKind.PREFIX,
        ingress=ingress,
        field=annotation_field(annotation),
        policy=Policy(redirect=Redirect(host=host, as_asked=as_asked)),
    )
