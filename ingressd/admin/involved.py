"""Which findings have to do with one request: those of the objects that it meets."""

from __future__ import annotations

from collections.abc import Iterable

from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.resources.secret import ConfigMap
from ingressd.routing.explaining.explain import CertificateChoice, Explanation, Verdict
from ingressd.routing.model import Backend, Route

# What cannot be read may hold the missing rule, and a flag may be meant for this one.
_ALWAYS = frozenset({"File", "Folder", "ApiServer", "Flag"})


class Explained(Explanation, frozen=True, kw_only=True):
    """An explanation with the findings of the objects involved, verdicts on annotations among
    them; worst first."""

    findings: tuple[Finding, ...]


def with_findings(explanation: Explanation, findings: Iterable[Finding]) -> Explained:
    """The whole of what there is to tell of a request, given all findings."""
    parts = {name: getattr(explanation, name) for name in Explanation.__struct_fields__}
    told = sorted(involved(explanation, findings), key=lambda finding: finding.sort_key)
    return Explained(**parts, findings=tuple(told))


def involved(explanation: Explanation, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings of the objects that the request meets, or would if nothing better did.

    Where no rule takes it, an Ingress that lost its rules is what one looks for: all count then.
    """
    matching = [c.route for c in explanation.routes if c.verdict is not Verdict.LOSES]
    keys = {
        *(("Ingress", route.ingress) for route in matching),
        *(("Ingress", canary.ingress) for route in matching for canary in route.alternatives),
        *_certified_by(explanation.certificate),
    }
    kinds = _ALWAYS if _is_taken(explanation.winner) else _ALWAYS | {"Ingress", "IngressClass"}
    return tuple(
        finding
        for finding in findings
        if finding.subject.kind in kinds
        or (finding.subject.kind, finding.subject.qualified_name) in keys
        or _stands_behind(explanation.winner, finding.subject)
        or _lost_to(explanation.winner, finding)
        or (_may_be_closed(explanation.winner) and _closes_routes(finding))
    )


def _is_taken(route: Route | None) -> bool:
    """Whether there is a rule for the path, or a default backend."""
    return route is not None and not route.leads_nowhere


def _stands_behind(route: Route | None, subject: ObjectKey) -> bool:
    """Whether the object is a Service of the route or holds its endpoints."""
    if route is None:
        return False
    backends = (route.backend, *(canary.backend for canary in route.alternatives))
    return any(backend is not None and _belongs_to(backend, subject) for backend in backends)


def _belongs_to(backend: Backend, subject: ObjectKey) -> bool:
    service = backend.service
    if subject.namespace != backend.namespace:
        return False
    if subject.kind == "EndpointSlice":  # named after its Service by convention only
        return subject.name == service or subject.name.startswith(f"{service}-")
    return subject.kind in {"Service", "Endpoints"} and subject.name == service


def _lost_to(route: Route | None, finding: Finding) -> bool:
    """Whether it tells of a rule that would take the request, had the route not its place."""
    return route is not None and f"Ingress {route.ingress} ({route.field})" in finding.message


def _may_be_closed(route: Route | None) -> bool:
    """Whether it leads nowhere, for whatever reason."""
    return route is None or route.policy.is_closed or route.backend is None


def _closes_routes(finding: Finding) -> bool:
    """Whether it tells why a ConfigMap closes routes: of what it asks for, or of its text."""
    return finding.subject.kind == ConfigMap.__name__ and finding.severity is Severity.ERROR


def _certified_by(certificate: CertificateChoice) -> set[tuple[str, str]]:
    return {("Secret", certificate.secret)} if certificate.secret else set()
