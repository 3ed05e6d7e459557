from __future__ import annotations

from ingressd.compiler.annotations.verdict import Outcome, Verdict
from ingressd.resources.finding import Severity
from ingressd.resources.metadata import ObjectKey

SUBJECT = ObjectKey("Ingress", "default", "web")


def test_only_what_is_honoured_needs_no_finding() -> None:
    silent = [o for o in Outcome if Verdict("x/y", o).as_finding(SUBJECT) is None]
    assert silent == [Outcome.HONOURED]


def test_finding_names_the_annotation() -> None:
    finding = Verdict("x/y", Outcome.OVERRIDDEN, "why", "what to do").as_finding(SUBJECT)
    assert finding is not None
    assert (finding.code, finding.field) == ("AnnotationOverridden", "metadata.annotations[x/y]")
    assert (finding.message, finding.remedy) == ("why", "what to do")
    assert finding.verdict == "overridden"


def test_lost_protection_is_an_error() -> None:
    finding = Verdict("x/y", Outcome.INVALID, is_blocking=True).as_finding(SUBJECT)
    assert finding is not None
    assert finding.severity is Severity.ERROR


def test_what_is_probably_missed_is_a_warning() -> None:
    usual = Verdict("x/y", Outcome.NEVER_EXISTED).as_finding(SUBJECT)
    suspect = Verdict("x/y", Outcome.NEVER_EXISTED, is_suspect=True).as_finding(SUBJECT)
    assert usual is not None
    assert suspect is not None
    assert (usual.severity, suspect.severity) == (Severity.INFO, Severity.WARNING)
