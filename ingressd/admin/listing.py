"""The table as rows a person can read: one for each route. Private keys never get here."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET, Struct, UnsetType

from ingressd.routing.model import Alternative, Certificate, Host, PathKind, Route
from ingressd.routing.policy import DEFAULT_HOST_POLICY, DEFAULT_POLICY, HostPolicy, Policy
from ingressd.routing.table import Table


class CertificateRow(Struct, frozen=True):
    """A certificate without its key. ``not_after`` is seconds since the epoch."""

    fingerprint: str
    names: tuple[str, ...]
    not_after: float
    secret: str


class RouteRow(Struct, frozen=True, omit_defaults=True):
    """One route. ``host`` "" is the catch-all; ``kind`` "Default" takes what no path takes, which
    "Unmatched" answers.

    ``unavailable`` says why there is no endpoint where there should be. ``policy`` and
    ``host_policy`` are left out where they are the default. ``canaries`` take a part of the
    requests.
    """

    host: str
    path: str
    kind: str
    ingress: str
    backend: str
    endpoints: tuple[str, ...] = ()
    unavailable: str = ""
    certificate: CertificateRow | None = None
    policy: Policy | UnsetType = UNSET
    host_policy: HostPolicy | UnsetType = UNSET
    canaries: tuple[Alternative, ...] = ()


def list_routes(table: Table) -> tuple[RouteRow, ...]:
    """Every route: hosts by name with the catch-all last, routes in the order in which they win."""
    names = sorted(table.hosts, key=lambda name: (name == "", name))
    return tuple(row for name in names for row in _host_rows(table, table.hosts[name]))


def certificate_row(certificate: Certificate) -> CertificateRow:
    """What may be shown of a certificate."""
    return CertificateRow(
        certificate.fingerprint, certificate.names, certificate.not_after, certificate.secret
    )


def _host_rows(table: Table, host: Host) -> Iterator[RouteRow]:
    served = table.bound_certificate(host.name)
    if served is None and host.has_tls:
        served = table.certificate_for(None)
    certificate = certificate_row(served) if served is not None else None
    for route in host.routes:
        yield _row(table, host, route, route.kind.value, certificate)
    if host.fallback is not None:
        is_default = host.fallback.backend is not None or host.fallback.kind is PathKind.PREFIX
        kind = "Default" if is_default else host.fallback.kind.value
        yield _row(table, host, host.fallback, kind, certificate)


def _row(
    table: Table, host: Host, route: Route, kind: str, certificate: CertificateRow | None
) -> RouteRow:
    upstream = table.upstreams.get(route.backend.upstream) if route.backend else None
    unavailable = upstream.unavailable if upstream else _without_upstream(route)
    needs_none = route.policy.redirect is not None or route.leads_nowhere
    return RouteRow(
        host=route.host,
        path=route.path,
        kind=kind,
        ingress=route.ingress,
        backend=route.backend.upstream if route.backend else "",
        endpoints=tuple(map(str, upstream.endpoints)) if upstream else (),
        unavailable="" if needs_none else unavailable,
        certificate=certificate,
        policy=UNSET if route.policy == DEFAULT_POLICY else route.policy,
        host_policy=UNSET if host.policy == DEFAULT_HOST_POLICY else host.policy,
        canaries=route.alternatives,
    )


def _without_upstream(route: Route) -> str:
    return "a protection cannot be given" if route.policy.is_closed else "no such upstream"
