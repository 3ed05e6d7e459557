"""A routing table and its findings as text that a person can check line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from ingressd.resources.finding import Finding
from ingressd.routing.global_policy import DEFAULT_GLOBAL_POLICY
from ingressd.routing.model import Alternative, Host, Route, Upstream
from ingressd.routing.policy import DEFAULT_HOST_POLICY, DEFAULT_POLICY, DEFAULT_UPSTREAM_POLICY
from ingressd.routing.table import Table


def render(table: Table, findings: Iterable[Finding]) -> str:
    """The global policy, hosts with their routes in winning order, upstreams, certificates,
    findings."""
    lines: list[str] = []
    if table.global_policy != DEFAULT_GLOBAL_POLICY:
        lines.append(f"all {_json(table.global_policy)}")
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
    policy = "" if host.policy == DEFAULT_HOST_POLICY else f" {_json(host.policy)}"
    yield f"host {host.name or '<catch-all>'}{tls}{policy}"
    if host.name in table.bindings:
        yield f"  certificate: {_certificate(table, host.name)}"
    for route in host.routes:
        yield f"  {_route(route)}"
        yield from map(_canary, route.alternatives)
    if host.fallback is not None:
        yield f"  else {_target(host.fallback)}"
        yield from map(_canary, host.fallback.alternatives)


def _certificate(table: Table, name: str) -> str:
    return table.certificates[table.bindings[name]].secret


def _route(route: Route) -> str:
    return f"{route.kind.value} {route.path} {_target(route)}"


def _target(route: Route) -> str:
    nowhere = "404" if route.leads_nowhere else "503"
    if route.policy.redirect is not None:
        nowhere = "elsewhere"
    target = route.backend.upstream if route.backend is not None else nowhere
    policy = "" if route.policy == DEFAULT_POLICY else f" {_json(route.policy)}"
    return f"-> {target} [{route.ingress} {route.field}]{policy}"


def _canary(canary: Alternative) -> str:
    sticky = f" {_json(canary.affinity)}" if canary.affinity is not None else ""
    place = f"[{canary.ingress} {canary.field}]"
    return f"    canary {canary.backend.upstream} {place} {_json(canary.policy)}{sticky}"


def _upstream(upstream: Upstream) -> str:
    endpoints = ", ".join(map(str, upstream.endpoints)) or f"none: {upstream.unavailable}"
    external = " (external)" if upstream.external else ""
    sticky = f" (client ip {upstream.client_ip_timeout} s)" if upstream.client_ip_timeout else ""
    policy = "" if upstream.policy == DEFAULT_UPSTREAM_POLICY else f" {_json(upstream.policy)}"
    return f"upstream {upstream.key}{external}{sticky}{policy}: {endpoints}"


def _finding(finding: Finding) -> Iterator[str]:
    place = f"{finding.subject} {finding.field}".rstrip()
    yield f"{finding.severity.value} {finding.code}: {place}"
    yield f"  {finding.message}"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
