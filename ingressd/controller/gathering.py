"""All findings there are at one moment, gathered from the store and the compiled units."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from ingressd.compiler.certificates.binding import secret_findings, tls_findings
from ingressd.compiler.ingresses.references import problem_at
from ingressd.compiler.services.endpoints import unlabelled
from ingressd.compiler.services.overrides import unused_overrides
from ingressd.controller.store import ObjectStore
from ingressd.controller.units import Units
from ingressd.resources.decoding import to_finding
from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey


def gather_findings(store: ObjectStore, units: Units, now: float) -> tuple[Finding, ...]:
    """Worst first, each once, with the place where its object was read."""
    unique = dict.fromkeys(_placed(finding, store) for finding in _all(store, units, now))
    return tuple(sorted(unique, key=lambda finding: finding.sort_key))


def gather_findings_of(
    key: ObjectKey, store: ObjectStore, units: Units, now: float
) -> tuple[Finding, ...]:
    """Those about one Ingress, worst first. Costs as much as there is to say of its hosts."""
    told = (finding for finding in _about(key, store, units, now) if finding.subject == key)
    return tuple(sorted(dict.fromkeys(told), key=lambda finding: finding.sort_key))


def _about(key: ObjectKey, store: ObjectStore, units: Units, now: float) -> Iterator[Finding]:
    """Findings of everything that an Ingress has a part in."""
    yield from store.reported_of(key)
    yield from units.guard.findings_of(key)
    compiled = units.ingresses.find(key)
    if compiled is None:
        return
    yield from compiled.findings
    yield from tls_findings(compiled, units.certificates.find, now)
    for host in units.hosts.with_aliases(compiled.host_names()):
        yield from units.hosts.findings_of(host)
        yield from units.certificates.findings_of(host)
    for reference in compiled.references:
        yield from units.upstreams.findings_of(reference.backend.upstream)
        upstream = units.upstreams.find(reference.backend.upstream)
        if upstream is not None and upstream.problem is not None:
            yield problem_at(reference, key, upstream.upstream, upstream.problem)


def _placed(finding: Finding, store: ObjectStore) -> Finding:
    origin = finding.origin or store.origin(finding.subject)
    return structs.replace(finding, origin=origin) if origin != finding.origin else finding


def _all(store: ObjectStore, units: Units, now: float) -> Iterator[Finding]:
    yield from store.reported
    yield from units.guard.findings
    yield from units.globals.compiled.findings
    for ingress in units.ingresses.all:
        yield from ingress.findings
        yield from tls_findings(ingress, units.certificates.find, now)
    yield from units.hosts.findings
    yield from units.certificates.findings
    yield from _of_upstreams(units)
    yield from unused_overrides(units.overrides, units.upstreams.all)
    for entry in store.unlabelled_slices:
        yield unlabelled(entry)
    if units.default_secret:
        yield from secret_findings(units.default_secret, units.certificates.find, now)


def _of_upstreams(units: Units) -> Iterator[Finding]:
    """The problem of an upstream, at every field that refers to it."""
    yield from units.upstreams.findings
    default = units.default_backend
    for key, compiled in units.upstreams.faulty:
        yield from compiled.findings
        if compiled.problem is None:
            continue
        for subject, reference in units.ingresses.references(key):
            yield problem_at(reference, subject, compiled.upstream, compiled.problem)
        if default is not None and key == default.upstream:
            subject = ObjectKey("Service", default.namespace, default.service)
            yield to_finding(compiled.problem, subject, "")
