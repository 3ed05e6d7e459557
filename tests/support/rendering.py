"""A routing table and its findings as text that a person can check line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from ingressd.resources.finding import Finding
from ingressd.routing.model import Host, Route, Upstream
from ingressd.routing.policy import DEFAULT_POLICY
from ingressd.routing.table import Table


def render(table: Table, findings: Iterable[Finding]) -> str:
    """Hosts with their routes in winning order, upstreams, certificates, findings."""
    lines: list[str] = []
    for name in sorted(table.hosts):
        lines += _host(table, table.hosts[name])
    lines += [_upstream(table.upstreams[key]) for key in sorted(table.upstreams)]
    unbound = sorted(set(table.bindings) - set(table.hosts))
    lines += [f"certificate of {name}: {_certificate(table, name)}" for name in unbound]
    for finding in findings:
        lines += _finding(finding)
    return "\n".join(lines) + "\n"


def _host(table: Table, host: Host) -> Iterator[str]:
    tls = " (tls)" if host.has_tls else ""
    yield f"host {host.name or '<catch-all>'}{tls}"
    if host.name in table.bindings:
        yield f"  certificate: {_certificate(table, host.name)}"
    yield from (f"  {_route(route)}" for route in host.routes)
    if host.fallback is not None:
        yield f"  else {_target(host.fallback)}"


def _certificate(table: Table, name: str) -> str:
    return table.certificates[table.bindings[name]].secret


def _route(route: Route) -> str:
    return f"{route.kind.value} {route.path} {_target(route)}"


def _target(route: Route) -> str:
    target = route.backend.upstream if route.backend is not None else "503"
    policy = "" if route.policy == DEFAULT_POLICY else f" {_json(route.policy)}"
    return f"-> {target} [{route.ingress} {route.field}]{policy}"


def _upstream(upstream: Upstream) -> str:
    endpoints = ", ".join(map(str, upstream.endpoints)) or f"none: {upstream.unavailable}"
    external = " (external)" if upstream.external else ""
    sticky = f" (client ip {upstream.client_ip_timeout} s)" if upstream.client_ip_timeout else ""
    return f"upstream {upstream.key}{external}{sticky}: {endpoints}"


def _finding(finding: Finding) -> Iterator[str]:
    place = f"{finding.subject} {finding.field}".rstrip()
    yield f"{finding.severity.value} {finding.code}: {place}"
    yield f"  {finding.message}"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
