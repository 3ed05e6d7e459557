"""What is read of the annotations of an Ingress, written with underscores."""

from __future__ import annotations

from ingressd.compiler.annotations.reading import Reading, read_annotations
from ingressd.compiler.annotations.verdict import Outcome
from support.annotated import named_with_dashes
from support.objects import PREFIX


def read(**annotations: str) -> Reading:
    return read_annotations(named_with_dashes(annotations, f"{PREFIX}/"), PREFIX)


def outcome(**annotations: str) -> Outcome:
    (verdict,) = read(**annotations).verdicts
    return verdict.outcome
