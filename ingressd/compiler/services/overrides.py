"""Findings about ``--backend``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ingressd.compiler.codes import Code, finding
from ingressd.compiler.services.upstream import CompiledUpstream
from ingressd.compiler.settings import BackendOverride
from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey
from ingressd.resources.shape import closest
from ingressd.routing.model import parse_upstream_key

FLAG = ObjectKey("Flag", "", "--backend")
"""The subject of these findings: there is no object to blame."""


def unused_overrides(
    overrides: Sequence[BackendOverride], upstreams: Iterable[CompiledUpstream]
) -> tuple[Finding, ...]:
    """A warning for each override that nothing follows."""
    if not overrides:
        return ()
    compiled = tuple(upstreams)
    followed = {override for upstream in compiled for override in upstream.overrides}
    return tuple(
        _unused(override, compiled)
        for override in dict.fromkeys(overrides)
        if override not in followed
    )


def _unused(override: BackendOverride, upstreams: Iterable[CompiledUpstream]) -> Finding:
    service = f"{override.namespace}/{override.service}"
    backends = [parse_upstream_key(compiled.upstream.key) for compiled in upstreams]
    names = {f"{backend.namespace}/{backend.service}" for backend in backends}
    ports = {b.port for b in backends if f"{b.namespace}/{b.service}" == service}
    what = f"port {override.port} of Service {service}" if ports else f"Service {service}"
    meant = closest(service, names)
    remedy = "name a Service as an Ingress does"
    if ports:
        remedy = f"name one of the ports that are asked for: {', '.join(sorted(ports))}"
    elif meant:
        remedy = f"did you mean {meant}?"
    return finding(
        Code.OVERRIDE_UNUSED,
        FLAG,
        "",
        f"{override} has no effect: no Ingress that is served leads to {what}",
        remedy,
    )
