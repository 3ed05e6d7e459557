"""What is told at a field that names a backend."""

from __future__ import annotations

from msgspec import structs

from ingressd.compiler.annotations.verdict import Outcome
from ingressd.compiler.ingresses.claims import Reference
from ingressd.resources.decoding import to_finding
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.resources.shape import Problem
from ingressd.routing.model import Upstream


def problem_at(
    reference: Reference, subject: ObjectKey, upstream: Upstream, problem: Problem
) -> Finding:
    """The problem of an upstream at a field that refers to it. Where that is an annotation, or the
    Ingress a canary, it is as if it were not there: that costs no more than what it was for, or
    what the reference says."""
    placed = structs.replace(problem, field=reference.field)
    is_optional = reference.of_canary or bool(reference.annotation or reference.otherwise)
    if not is_optional or not upstream.unavailable:
        return to_finding(placed, subject, "")
    is_error = problem.severity is Severity.ERROR
    instead = reference.otherwise or (
        "it is ignored" if reference.annotation else "the main Ingress takes all requests"
    )
    told = structs.replace(
        placed,
        message=f"{upstream.unavailable}; {instead}",
        severity=Severity.WARNING if is_error else problem.severity,
    )
    if not reference.annotation:
        return to_finding(told, subject, "")
    return structs.replace(to_finding(told, subject, ""), verdict=Outcome.INVALID.value)
