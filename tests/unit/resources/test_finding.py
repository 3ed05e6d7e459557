from __future__ import annotations

from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey

SUBJECT = ObjectKey("Ingress", "default", "web")


def made(field: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(severity, "Code", SUBJECT, field, "message", "remedy")


def test_worst_first_then_fields_as_people_count() -> None:
    ordered = [made("paths[2]"), made("paths[10]"), made("paths[1]", Severity.INFO)]
    assert sorted(reversed(ordered), key=lambda finding: finding.sort_key) == ordered
